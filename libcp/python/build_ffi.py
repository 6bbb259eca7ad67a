# SPDX-License-Identifier: Apache-2.0
"""Makes libcp._native, cffi in API mode: the declarations are the public headers' own, and
the compiler checks them against those again.

The library is the installed one (pkg-config libcp) or, in the source tree, ../include with
the build folder that CP_BUILD names (default: ../../build). It is looked for there at run time,
too, unless CP_RPATH is set and empty."""
import os
import re
import subprocess
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
HEADERS = ["text", "error", "context", "profile", "columns", "build", "symbolize", "read", "write",
           "filter", "merge", "report", "diff"]

# What cannot be said through the headers: callbacks into Python, and Arrow's two structs with
# what frees them. https://arrow.apache.org/docs/format/CDataInterface.html
EXTRA = """
#define CP_NO_TIME ...
extern "Python" int cp_python_write(void *arg, const void *bytes, size_t n);
extern "Python" void cp_python_diagnostic(const struct cp_diagnostic *diagnostic, void *arg);
extern "Python" void cp_python_drop(void *owner);

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
struct ArrowSchema *cp_arrow_schema(const char *format, const char *name, int64_t n_children);
struct ArrowArray *cp_arrow_array(int64_t length, int64_t n_buffers, int64_t n_children,
                                  void *owner);
void cp_arrow_schema_free(struct ArrowSchema *schema);
void cp_arrow_array_free(struct ArrowArray *array);
const char *cp_arrow_name(bool array);
void *cp_arrow_drop(bool array);
bool cp_python_self(const struct cp_profile *profile, uint32_t type, int64_t *sums);
size_t cp_python_texts(const struct cp_profile *profile, const uint32_t *ids, size_t n,
                       char *out, uint32_t *lengths);
"""

SOURCE = r"""
#include <cp/cp.h>
#include <cp/build.h>
#include <cp/columns.h>
#include <stdlib.h>
#include <string.h>

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

static void cp_python_drop(void *owner);

static void release_schema(struct ArrowSchema *s)
{
    for (int64_t i = 0; i < s->n_children; i++) {
        if (s->children[i]->release)
            s->children[i]->release(s->children[i]);
        free(s->children[i]);
    }
    free(s->children);
    free((char *)s->format);
    free((char *)s->name);
    s->release = NULL;
}

static void release_array(struct ArrowArray *a)
{
    for (int64_t i = 0; i < a->n_children; i++) {
        if (a->children[i]->release)
            a->children[i]->release(a->children[i]);
        free(a->children[i]);
    }
    free(a->children);
    free(a->buffers);
    if (a->private_data)
        cp_python_drop(a->private_data);
    a->release = NULL;
}

struct ArrowSchema *cp_arrow_schema(const char *format, const char *name, int64_t n_children)
{
    struct ArrowSchema *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->format = strdup(format);
    s->name = strdup(name);
    s->children = calloc((size_t)n_children + 1, sizeof *s->children);
    s->release = release_schema;
    if (s->format && s->name && s->children) {
        s->n_children = n_children;
        return s;
    }
    release_schema(s);
    free(s);
    return NULL;
}

struct ArrowArray *cp_arrow_array(int64_t length, int64_t n_buffers, int64_t n_children,
                                  void *owner)
{
    struct ArrowArray *a = calloc(1, sizeof *a);

    if (!a)
        return NULL;
    a->buffers = calloc((size_t)n_buffers + 1, sizeof *a->buffers);
    a->children = calloc((size_t)n_children + 1, sizeof *a->children);
    a->release = release_array;
    if (!a->buffers || !a->children) {
        release_array(a);
        free(a);
        return NULL;
    }
    a->length = length;
    a->n_buffers = n_buffers;
    a->n_children = n_children;
    a->private_data = owner;
    return a;
}

void cp_arrow_schema_free(struct ArrowSchema *s)
{
    if (s && s->release)
        s->release(s);
    free(s);
}

void cp_arrow_array_free(struct ArrowArray *a)
{
    if (a && a->release)
        a->release(a);
    free(a);
}

/* What a PyCapsule is called, and what it does with what nobody imported. */
const char *cp_arrow_name(bool array)
{
    return array ? "arrow_array" : "arrow_schema";
}

static void drop_schema(PyObject *capsule)
{
    cp_arrow_schema_free(PyCapsule_GetPointer(capsule, cp_arrow_name(false)));
}

static void drop_array(PyObject *capsule)
{
    cp_arrow_array_free(PyCapsule_GetPointer(capsule, cp_arrow_name(true)));
}

void *cp_arrow_drop(bool array)
{
    return array ? (void *)drop_array : (void *)drop_schema;
}

static uint32_t entry(struct cp_column c, uint64_t i)
{
    uint32_t v;

    memcpy(&v, (const char *)c.data + i * c.stride, sizeof v);
    return v;
}

/*
 * What ran itself, by row of the function table: the innermost line of each sample's leaf.
 * sums[0] counts the samples whose leaf has no function. False when a sum is too large.
 */
bool cp_python_self(const struct cp_profile *profile, uint32_t type, int64_t *sums)
{
    struct cp_column stacks = cp_profile_column(profile, CP_SAMPLE_STACK);
    struct cp_column values = cp_profile_column(profile, CP_SAMPLE_VALUES);
    struct cp_column ends = cp_profile_column(profile, CP_STACK_END);
    struct cp_column frames = cp_profile_column(profile, CP_FRAME_LOCATION);
    struct cp_column first = cp_profile_column(profile, CP_LOCATION_FIRST_LINE);
    struct cp_column n_lines = cp_profile_column(profile, CP_LOCATION_N_LINES);
    struct cp_column functions = cp_profile_column(profile, CP_LINE_FUNCTION);
    uint64_t types = stacks.n ? values.n / stacks.n : 0;

    for (uint64_t i = 0; i < stacks.n; i++) {
        uint32_t stack = entry(stacks, i), f = 0;
        uint32_t from = stack ? entry(ends, stack - 1) : 0;
        int64_t v;

        memcpy(&v, (const char *)values.data + (i * types + type) * values.stride, sizeof v);
        if (stack && from < entry(ends, stack)) {
            uint32_t location = entry(frames, from);

            if (entry(n_lines, location))
                f = entry(functions, entry(first, location));
        }
        if (f ? __builtin_add_overflow(sums[f], v, &sums[f]) : __builtin_add_overflow(
                sums[0], 1, &sums[0]))
            return false;
    }
    return true;
}

/* Strings end to end, with their lengths; how many bytes they have, if out is NULL. */
size_t cp_python_texts(const struct cp_profile *profile, const uint32_t *ids, size_t n,
                       char *out, uint32_t *lengths)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        struct cp_text t = cp_profile_string(profile, (cp_string){ids[i]});

        if (out) {
            memcpy(out + at, t.n ? t.p : "", t.n);
            lengths[i] = (uint32_t)t.n;
        }
        at += t.n;
    }
    return at;
}
"""


def declarations(include):
    """The headers without comments, preprocessor lines, attributes and inline functions."""
    parts = []
    for name in HEADERS:
        text = (include / "cp" / f"{name}.h").read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        text = re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.M | re.S)
        text = re.sub(r'extern "C" \{', "", text)
        text = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", text, flags=re.S)
        text = re.sub(r"static inline .*?\n\}\n", "", text, flags=re.S)
        # The brace that closes extern "C" stands alone on the last line.
        text = re.sub(r"\n\}\s*$", "\n", text)
        parts.append(text)
    return "\n".join(parts)


def places():
    """(include folders, library folders, where the library is at run time)"""
    build = os.environ.get("CP_BUILD")
    if not build:
        try:
            found = subprocess.run(["pkg-config", "--cflags", "--libs", "libcp"], check=True,
                                   capture_output=True, text=True).stdout.split()
            folders = {kind: [word[2:] for word in found if word.startswith(kind)]
                       for kind in ("-I", "-L")}
            include = folders["-I"] or [subprocess.run(
                ["pkg-config", "--variable=includedir", "libcp"], check=True,
                capture_output=True, text=True).stdout.strip()]
            return include, folders["-L"], folders["-L"]
        except (OSError, subprocess.CalledProcessError):
            build = HERE.parent.parent / "build"
    library = str(Path(build).resolve() / "libcp")
    return [str(HERE.parent / "include")], [library], [library]


def builder():
    include, library, runtime = places()
    ffi = FFI()
    ffi.cdef(declarations(Path(include[0])))
    ffi.cdef(EXTRA)
    ffi.set_source("libcp._native", SOURCE, libraries=["cp"], include_dirs=include,
                   library_dirs=library,
                   runtime_library_dirs=[] if os.environ.get("CP_RPATH") == "" else runtime)
    return ffi


ffibuilder = None
if __name__ != "__main__":
    ffibuilder = builder()
else:
    import sys

    # build_ffi.py FOLDER: compiles FOLDER/libcp/_native.….so, for the tests.
    print(builder().compile(tmpdir=sys.argv[1], verbose=False))
