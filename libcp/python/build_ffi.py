# SPDX-License-Identifier: Apache-2.0
"""Makes libcp._native, cffi in API mode: the declarations are the public headers' own, and
the compiler checks them against those again.

The library is the installed one (pkg-config libcp) or, in the source tree, ../include with
the build folder that CP_BUILD names (default: ../../build)."""
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
                   library_dirs=library, runtime_library_dirs=runtime)
    return ffi


ffibuilder = None
if __name__ != "__main__":
    ffibuilder = builder()
else:
    import sys

    # build_ffi.py FOLDER: compiles FOLDER/libcp/_native.….so, for the tests.
    print(builder().compile(tmpdir=sys.argv[1], verbose=False))
