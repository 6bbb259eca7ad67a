# SPDX-License-Identifier: Apache-2.0
"""Profiles in Python, by libcp: read anything, filter, symbolize, merge, compare, report, write.

    import libcp
    profile = libcp.open("perf.data")
    for row in profile.top(10):
        print(row["flat"], row["name"])

A profile never changes; operations give new ones. Its tables are columns of memory that
`Profile.column` lends without copying (memoryview, or numpy where it is installed), and that
`Profile.arrow` exports through the Arrow C data interface. Failures are `libcp.Error`; what
could be skipped is told in `Profile.diagnostics`. Options are the members of the structs in
<cp/…>, where they are documented, under the same names.
"""
import ctypes
import json
import os
import tempfile
import threading

from ._native import ffi, lib

__all__ = ["Error", "Diagnostic", "Profile", "Builder", "Arrow", "open", "loads", "merge", "diff",
           "formats", "version", "COLUMNS"]

_NO_OFFSET = 2**64 - 1


class Error(Exception):
    """What the library refused. `code` is a word ("truncated", "limit", …), `offset` the byte
    of the input or None."""

    def __init__(self, message, code="argument", offset=None):
        super().__init__(message)
        self.code = code
        self.offset = offset


class Diagnostic:
    """A remark about an input: `warning` (something was skipped) or a note; `kind`, `message`,
    `source`, `context`, `offset`."""

    __slots__ = ("warning", "kind", "message", "source", "context", "offset")

    def __init__(self, c):
        self.warning = c.severity == lib.CP_WARNING
        self.kind = _str(c.kind)
        self.message = _str(c.message)
        self.source = _str(c.source)
        self.context = _str(c.context)
        self.offset = None if c.offset == _NO_OFFSET else c.offset

    def __repr__(self):
        return "<Diagnostic %s: %s>" % (self.kind, self.message)


def _str(p):
    return None if p == ffi.NULL else ffi.string(p).decode("utf-8", "surrogateescape")


def _text(t):
    return ffi.buffer(t.p, t.n)[:].decode("utf-8", "surrogateescape") if t.n else ""


def _bytes(value):
    if isinstance(value, bytes):
        return value
    return os.fsencode(value)


def _new_text(value, keep):
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    keep.append(ffi.new("char[]", data))
    return {"p": keep[-1], "n": len(data)}


@ffi.def_extern()
def cp_python_write(arg, data, n):
    """Collects what is written; an exception of Python's ends the write."""
    try:
        ffi.from_handle(arg)(ffi.buffer(data, n))
        return 0
    except OSError as problem:
        return problem.errno or 5
    except Exception:
        return 5


@ffi.def_extern()
def cp_python_diagnostic(diagnostic, arg):
    ffi.from_handle(arg).append(Diagnostic(diagnostic))


_owners = {}


@ffi.def_extern()
def cp_python_drop(owner):
    _owners.pop(int(ffi.cast("uintptr_t", owner)), None)


class _Context:
    """A context of the library; it serves one thread."""

    def __init__(self, **limits):
        self.said = []
        self._handle = ffi.new_handle(self.said)
        options = ffi.new("struct cp_context_options *")
        options.size = ffi.sizeof("struct cp_context_options")
        options.diagnostic = lib.cp_python_diagnostic
        options.diagnostic_arg = self._handle
        self.c = lib.cp_context_new(options)
        if self.c == ffi.NULL:
            raise MemoryError

    def __del__(self):
        if getattr(self, "c", None):
            lib.cp_context_free(self.c)

    def take(self):
        lib.cp_context_flush_diagnostics(self.c)
        said = self.said[:]
        self.said.clear()
        return said


_local = threading.local()


def _context():
    if not hasattr(_local, "context"):
        _local.context = _Context()
    # What a failed operation said went with its error.
    _local.context.said.clear()
    return _local.context


def _check(code, err, name=""):
    if code == lib.CP_OK:
        return
    buf = ffi.new("char[1200]")
    lib.cp_error_format(err, buf, 1200)
    message = _str(buf)
    source = ffi.string(err.source).decode("utf-8", "surrogateescape") or name
    if source:
        message = "%s: %s" % (source, message)
    if code == lib.CP_ERROR_MEMORY:
        raise MemoryError(message)
    raise Error(message, _str(lib.cp_code_name(code)),
                None if err.offset == _NO_OFFSET else err.offset)


# The words for members that are enums: the end of the C name, in lower case.
_PREFIXES = {"granularity": "CP_BY_", "demangle": "CP_DEMANGLE_", "types": "CP_MERGE_",
             "scale": "CP_SCALE_", "root": "CP_ROOT_", "fdr": "CP_FDR_"}


def _enum(name, value):
    if isinstance(value, int):
        return value
    prefix = _PREFIXES.get(name)
    word = (prefix or "") + value.upper().replace("-", "_")
    if not prefix or not hasattr(lib, word):
        raise Error("%s: no such choice: %r" % (name, value))
    return getattr(lib, word)


def _options(struct, values, keep):
    """A struct of options from keyword arguments: its members under their own names."""
    options = ffi.new("struct %s *" % struct)
    options.size = ffi.sizeof("struct %s" % struct)
    fields = dict(ffi.typeof("struct %s" % struct).fields)
    keep.append(options)
    for name, value in values.items():
        if name not in fields or name == "size":
            raise TypeError("no option %r (there are: %s)" % (
                name, ", ".join(sorted(f for f in fields if f != "size"))))
        if value is None:
            continue
        kind = fields[name].type
        if kind.cname == "char *":
            keep.append(ffi.new("char[]", _bytes(value)))
            setattr(options, name, keep[-1])
        elif kind.cname == "char * *":
            items = [ffi.new("char[]", _bytes(v)) for v in value]
            keep.extend(items)
            keep.append(ffi.new("char *[]", items))
            setattr(options, name, keep[-1])
            setattr(options, "n_" + name, len(items))
        elif kind.kind == "enum":
            setattr(options, name, _enum(name, value))
        elif kind.kind == "pointer" and kind.item.kind == "primitive":
            keep.append(ffi.new(ffi.getctype(kind.item, "[]"), list(value)))
            setattr(options, name, keep[-1])
            setattr(options, "n_" + name, len(value))
        else:
            setattr(options, name, value)
    return options


def _split(structs, values):
    """Which of several structs each keyword is a member of."""
    parts = [{} for _ in structs]
    for name, value in values.items():
        for part, struct in zip(parts, structs):
            if name in dict(ffi.typeof("struct %s" % struct).fields) and name != "size":
                part[name] = value
                break
        else:
            raise TypeError("no option %r" % name)
    return parts


COLUMNS = {ffi.string(lib.cp_column_name(i)).decode(): i for i in range(lib.CP_COLUMNS)}
_FORMATS = {(lib.CP_COLUMN_UNSIGNED, 1): "B", (lib.CP_COLUMN_UNSIGNED, 2): "H",
            (lib.CP_COLUMN_UNSIGNED, 4): "I", (lib.CP_COLUMN_UNSIGNED, 8): "Q",
            (lib.CP_COLUMN_SIGNED, 4): "i", (lib.CP_COLUMN_SIGNED, 8): "q",
            (lib.CP_COLUMN_ID, 4): "I", (lib.CP_COLUMN_ADDRESS, 8): "Q"}
_ARROW = {"B": "C", "H": "S", "I": "I", "Q": "L", "i": "i", "q": "l"}


class Profile:
    """A profile. Made by `open`, `loads`, `merge`, `Builder.finish` and operations on others."""

    def __init__(self, c, context, diagnostics=()):
        self._c = c
        self._context = context
        self._strings = None
        #: what was said while it was made: a list of `Diagnostic`
        self.diagnostics = list(diagnostics)

    def __del__(self):
        if getattr(self, "_c", None):
            lib.cp_profile_free(self._c)
            self._c = None

    def __repr__(self):
        return "<Profile of %d samples, %d stacks, %d functions: %s>" % (
            len(self), self.counts["stacks"], self.counts["functions"],
            ", ".join("/".join(t) for t in self.sample_types))

    def __len__(self):
        """How many samples (rows)."""
        return self.counts["samples"]

    # What stands once.

    @property
    def counts(self):
        """Rows of each table."""
        n = lib.cp_profile_counts(self._c)
        return {f: getattr(n, f) for f, _ in ffi.typeof("struct cp_profile_counts").fields}

    @property
    def sample_types(self):
        """(type, unit) of each value, ("cpu", "nanoseconds")."""
        rows = [lib.cp_profile_sample_type(self._c, i) for i in range(self.counts["sample_types"])]
        return [(self.string(r.type.i), self.string(r.unit.i)) for r in rows]

    @property
    def comments(self):
        return [_text(lib.cp_profile_comment(self._c, i)) for i in range(self.counts["comments"])]

    @property
    def header(self):
        """period, period_type, time_nanos, duration_nanos, default_sample_type."""
        h = lib.cp_profile_header(self._c)
        return {"period": h.period,
                "period_type": (self.string(h.period_type.type.i),
                                self.string(h.period_type.unit.i)),
                "time_nanos": h.time_nanos, "duration_nanos": h.duration_nanos,
                "default_sample_type": self.string(h.default_sample_type.i)}

    def type_index(self, name=None):
        """The number of a sample type by name; None is the one to show by default."""
        if name is None:
            return lib.cp_profile_shown_sample_type(self._c)
        err, ret = ffi.new("struct cp_error *"), ffi.new("uint32_t *")
        _check(lib.cp_profile_find_sample_type(self._c, str(name).encode(), ret, err), err)
        return ret[0]

    # Tables.

    def column(self, name):
        """A column as a memoryview that borrows the profile's memory: "sample.values". Names
        are in `COLUMNS`, meanings in <cp/columns.h>. Entry i is the row of id i, where ids
        begin at 1. Read-only; the profile lives as long as the view does."""
        c = lib.cp_profile_column(self._c, COLUMNS[name])
        form = _FORMATS[c.kind, c.width]
        if not c.n:
            return memoryview(b"").cast(form)
        owner = ffi.gc(ffi.cast("char *", c.data), lambda _, keep=self: None)
        view = memoryview(ffi.buffer(owner, (c.n - 1) * c.stride + c.width)).toreadonly()
        view = view.cast(form)
        return view if c.stride == c.width else view[::c.stride // c.width]

    def numpy(self, name):
        """The same as a numpy array, without a copy; "sample.values" has a column for each
        sample type."""
        import numpy
        array = numpy.asarray(self.column(name))
        if name == "sample.values":
            array = array.reshape(-1, max(1, self.counts["sample_types"]))
        return array

    def table(self, name):
        """All columns of a table: {"start": …, "limit": …} of "mapping"."""
        found = {c.split(".", 1)[1]: self.column(c) for c in COLUMNS if c.split(".")[0] == name}
        if not found:
            raise KeyError(name)
        return found

    def string(self, i):
        """The text of string i; bytes that are no UTF-8 become surrogates (PEP 383)."""
        return _text(lib.cp_profile_string(self._c, {"i": i}))

    @property
    def strings(self):
        """All strings, by id."""
        if self._strings is None:
            self._strings = self._texts(range(self.counts["strings"] + 1))
        return self._strings

    def _texts(self, ids):
        """The texts of many strings: in Python, each alone costs a microsecond and more."""
        given, lengths = ffi.new("uint32_t[]", list(ids)), ffi.new("uint32_t[]", len(ids))
        n = lib.cp_python_texts(self._c, given, len(ids), ffi.NULL, lengths)
        data = ffi.new("char[]", n + 1)
        lib.cp_python_texts(self._c, given, len(ids), data, lengths)
        data, at, made = ffi.buffer(data, n)[:], 0, []
        for length in lengths:
            made.append(data[at:at + length].decode("utf-8", "surrogateescape"))
            at += length
        return made

    def stack(self, i):
        """The names of the functions of stack i, leaf first, inlined ones too; an address
        without one is "0x…"."""
        n = ffi.new("uint32_t *")
        at = lib.cp_profile_stack(self._c, {"i": i}, n)
        names = []
        for k in range(n[0]):
            row = lib.cp_profile_location(self._c, at[k])
            lines = lib.cp_profile_lines(self._c, row)
            for j in range(row.n_lines):
                f = lib.cp_profile_function(self._c, lines[j].function)
                names.append(self.string(f.name.i))
            if not row.n_lines:
                names.append("0x%x" % row.address)
        return names

    def labels(self, i):
        """The labels of set i: (key, text) or (key, number, unit)."""
        n = ffi.new("uint32_t *")
        at = lib.cp_profile_labels(self._c, {"i": i}, n)
        return [(self.string(at[k].key.i), self.string(at[k].str.i)) if at[k].str.i else
                (self.string(at[k].key.i), at[k].num, self.string(at[k].unit.i))
                for k in range(n[0])]

    def samples(self):
        """Each sample as (stack, labels, values): names leaf first, as `stack` and `labels`
        have them, and a value for each type. For large profiles take columns."""
        stacks, labels = self.column("sample.stack"), self.column("sample.labels")
        values, types = self.column("sample.values"), self.counts["sample_types"]
        known = {}
        for i in range(len(stacks)):
            if stacks[i] not in known:
                known[stacks[i]] = self.stack(stacks[i])
            yield (known[stacks[i]], self.labels(labels[i]),
                   tuple(values[i * types:(i + 1) * types]))

    def arrow(self, table):
        """A table for the Arrow C data interface: pyarrow.table(profile.arrow("sample")),
        polars.DataFrame(…), duckdb. "sample", "stack" (lists of locations), "location", "line",
        "function", "mapping", "string". Numbers that lie side by side are not copied."""
        return Arrow(self, table)

    # Operations.

    def filter(self, **options):
        """A profile of what matches: focus="main", ignore=…, granularity="function", … (the
        members of struct cp_filter_options)."""
        keep, context = [], _context()
        o = _options("cp_filter_options", options, keep)
        ret, err = ffi.new("struct cp_profile **"), ffi.new("struct cp_error *")
        _check(lib.cp_profile_filter(context.c, self._c, o, ret, err), err)
        return Profile(ret[0], context, context.take())

    def report(self, name="top", format=None, **options):
        """A report as an object (of its JSON), or as text if `format` ("text", "csv") asks
        for it. Options are struct cp_report_options' members."""
        keep, parts, context = [], [], _context()
        given = {"node_fraction": -1, "edge_fraction": -1, "compact": True,
                 "granularity": "function", **options}
        given["sample_type"] = str(self.type_index(options.get("sample_type")))
        o = _options("cp_report_options", given, keep)
        handle = ffi.new_handle(lambda data: parts.append(data[:]))
        err = ffi.new("struct cp_error *")
        _check(lib.cp_report_write(context.c, self._c, name.encode(), (format or "json").encode(),
                                   o, lib.cp_python_write, handle, err), err)
        context.take()
        text = b"".join(parts).decode("utf-8", "surrogateescape")
        return text if format else json.loads(text, strict=False)

    def top(self, n=0, **options):
        """The functions, largest flat value first (cum=True: cumulative), as dicts of name,
        flat and cum; all of them unless n says how many."""
        options.setdefault("no_trim", not n)
        return self.report("top", node_count=n, **options)["nodes"]

    def self_by_function(self, sample_type=None):
        """{name: value} of what ran itself."""
        sums = ffi.new("int64_t[]", self.counts["functions"] + 1)
        if not lib.cp_python_self(self._c, self.type_index(sample_type), sums) or sums[0]:
            # Code without functions has names that the report gives.
            return {row["name"]: row["flat"] for row in self.top(sample_type=sample_type)
                    if row["flat"]}
        sums = ffi.unpack(sums, len(sums))
        names = self.column("function.name")
        rows = [i for i, value in enumerate(sums) if value]
        made = {}
        for i, name in zip(rows, self._texts([names[i] for i in rows])):
            made[name] = made.get(name, 0) + sums[i]
        return made

    def total(self, sample_type=None):
        """The sum of a sample type's values."""
        at, types = self.type_index(sample_type), self.counts["sample_types"]
        return sum(self.column("sample.values")[at::types]) if types else 0

    def dumps(self, format="pprof", **options):
        """The profile as bytes of a format (see `formats`)."""
        keep, parts, context = [], [], _context()
        o = _options("cp_write_options", options, keep)
        handle = ffi.new_handle(lambda data: parts.append(data[:]))
        err = ffi.new("struct cp_error *")
        _check(lib.cp_profile_write(context.c, self._c, format.encode(), o, lib.cp_python_write,
                                    handle, err), err)
        context.take()
        return b"".join(parts)

    def write(self, path, format=None, **options):
        """Writes a file, whole or not at all; its ending names the format unless `format`
        does."""
        path = os.fspath(path)
        data = self.dumps(format or _format_of(path), **options)
        folder = os.path.dirname(os.path.abspath(path))
        fd, temporary = tempfile.mkstemp(dir=folder, prefix=os.path.basename(path) + ".cp-")
        try:
            with os.fdopen(fd, "wb") as f:
                f.write(data)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


class Arrow:
    """One table for the Arrow C data interface; see `Profile.arrow`."""

    _TABLES = {
        "sample": ["sample.stack", "sample.labels", "sample.time"],
        "location": ["location.address", "location.mapping", "location.first_line",
                     "location.n_lines"],
        "line": ["line.function", "line.line", "line.column"],
        "function": ["function.name", "function.system_name", "function.file",
                     "function.start_line"],
        "mapping": ["mapping.start", "mapping.limit", "mapping.offset", "mapping.path",
                    "mapping.build_id", "mapping.kind"],
        "stack": [], "string": [],
    }

    def __init__(self, profile, table):
        if table not in self._TABLES:
            raise KeyError(table)
        self.profile = profile
        self.table = table
        self._copies = []

    def _columns(self):
        """(name, format, entries, buffers, child) of each column."""
        p = self.profile
        if self.table == "stack":
            # Stack i is the frames between entries i - 1 and i: Arrow's offsets, for entry 0
            # an empty list where Arrow begins at offset 0 anyway.
            ends = p.column("stack.end")
            child = ("item", "I", len(p.column("frame.location")),
                     [self._address(p.column("frame.location"))], None)
            return [("locations", "+L", len(ends) - 1, [self._address(ends)], child)]
        if self.table == "string":
            data = [s.encode("utf-8", "replace") for s in p.strings]
            offsets = [0]
            for s in data:
                offsets.append(offsets[-1] + len(s))
            return [("text", "U", len(data), [self._copy(ffi.new("int64_t[]", offsets)),
                                              self._copy(ffi.new("char[]", b"".join(data)))],
                     None)]
        made = []
        for name in self._TABLES[self.table]:
            view = p.column(name)
            if len(view):
                made.append((name.split(".")[1], _ARROW[view.format], len(view),
                             [self._address(view)], None))
        if self.table == "sample":
            types = p.counts["sample_types"]
            for i, (kind, _) in enumerate(p.sample_types):
                view = p.column("sample.values")[i::types]
                made.append((kind or "value", "l", len(view), [self._address(view)], None))
        return made

    def _copy(self, cdata):
        self._copies.append(cdata)
        return cdata

    def _address(self, view):
        """Where the entries begin; those that do not lie side by side are copied."""
        if not view.contiguous:
            view = memoryview(view.tobytes()).cast(view.format)
        return self._copy(ffi.from_buffer(view))

    def _schema(self, columns):
        root = lib.cp_arrow_schema(b"+s", b"", len(columns))
        for i, (name, form, _, _, child) in enumerate(columns):
            node = lib.cp_arrow_schema(form.encode(), name.encode("utf-8", "replace"),
                                       1 if child else 0)
            if child:
                node.children[0] = lib.cp_arrow_schema(child[1].encode(), child[0].encode(), 0)
            root.children[i] = node
        return root

    def _array(self, columns):
        # One owner for all buffers: children are released with their parent.
        handle = ffi.new_handle((self.profile, self._copies))
        _owners[int(ffi.cast("uintptr_t", handle))] = handle
        root = lib.cp_arrow_array(columns[0][2] if columns else 0, 1, len(columns), handle)
        for i, (_, _, n, buffers, child) in enumerate(columns):
            node = lib.cp_arrow_array(n, len(buffers) + 1, 1 if child else 0, ffi.NULL)
            for k, address in enumerate(buffers):
                node.buffers[k + 1] = ffi.cast("void *", address)
            if child:
                inner = lib.cp_arrow_array(child[2], 2, 0, ffi.NULL)
                inner.buffers[1] = ffi.cast("void *", child[3][0])
                node.children[0] = inner
            root.children[i] = node
        return root

    def export(self):
        """(schema, array): addresses of struct ArrowSchema and ArrowArray, which whoever
        imports them releases, as pyarrow.RecordBatch._import_from_c does. The two structs
        themselves are freed with this object."""
        columns = self._columns()
        schema, array = self._schema(columns), self._array(columns)
        self._schema_kept = ffi.gc(schema, lib.cp_arrow_schema_free)
        self._array_kept = ffi.gc(array, lib.cp_arrow_array_free)
        return int(ffi.cast("uintptr_t", schema)), int(ffi.cast("uintptr_t", array))

    def __arrow_c_array__(self, requested_schema=None):
        """The PyCapsule protocol."""
        columns = self._columns()
        return _capsule(self._schema(columns), False), _capsule(self._array(columns), True)


def _capsule(c, array):
    """A PyCapsule that frees what nobody imported."""
    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_void_p] * 3
    return new(*(int(ffi.cast("uintptr_t", p))
                 for p in (c, lib.cp_arrow_name(array), lib.cp_arrow_drop(array))))


class Builder:
    """Makes a profile from samples that come from somewhere else.

        b = libcp.Builder([("cpu", "nanoseconds")])
        b.sample(["leaf", "main"], [10_000_000], labels={"host": "a"})
        profile = b.finish()
    """

    def __init__(self, sample_types, comments=(), period=0, period_type=None, time_nanos=0,
                 duration_nanos=0):
        self._context = _context()
        ret, err = ffi.new("struct cp_builder **"), ffi.new("struct cp_error *")
        _check(lib.cp_builder_new(self._context.c, ret, err), err)
        self._c = ret[0]
        self._types = len(sample_types)
        for kind, unit in sample_types:
            lib.cp_builder_sample_type(self._c, [{"type": self._string(kind),
                                                  "unit": self._string(unit)}])
        for text in comments:
            keep = []
            lib.cp_builder_comment(self._c, _new_text(text, keep))
        header = {"period": period, "time_nanos": time_nanos, "duration_nanos": duration_nanos}
        if period_type:
            header["period_type"] = {"type": self._string(period_type[0]),
                                     "unit": self._string(period_type[1])}
        lib.cp_builder_header(self._c, [header])
        self._frames = {}

    def __del__(self):
        if getattr(self, "_c", None):
            lib.cp_builder_free(self._c)

    def _string(self, text):
        keep = []
        return lib.cp_builder_string(self._c, _new_text(text, keep))

    def mapping(self, path, start=0, limit=0, offset=0, build_id=""):
        """The id of a file in memory, for `frame`."""
        return lib.cp_builder_mapping(self._c, [{
            "start": start, "limit": limit, "offset": offset, "path": self._string(path),
            "build_id": self._string(build_id)}])

    def frame(self, name=None, file="", line=0, address=0, mapping=None, system_name=""):
        """The id of a location: a function, an address in a mapping, or both."""
        lines = []
        if name is not None:
            function = lib.cp_builder_function(self._c, [{
                "name": self._string(name), "system_name": self._string(system_name),
                "file": self._string(file)}])
            lines = [{"function": function, "line": line}]
        return lib.cp_builder_location(self._c, mapping or {"i": 0}, address,
                                       ffi.new("struct cp_line_row[]", lines), len(lines))

    def _location(self, frame):
        if not isinstance(frame, str):
            return frame
        if frame not in self._frames:
            self._frames[frame] = self.frame(frame)
        return self._frames[frame]

    def sample(self, stack, values, labels=None, time=None):
        """Adds a sample: frames leaf first (names, or ids of `frame`), a value for each type,
        labels as {key: text or number}. Equal samples without time are added up."""
        if len(values) != self._types:
            raise Error("%d values for %d sample types" % (len(values), self._types))
        rows = []
        for key, value in (labels or {}).items():
            row = {"key": self._string(key)}
            if isinstance(value, int):
                row["num"] = value
            else:
                row["str"] = self._string(value)
            rows.append(row)
        frames = [self._location(f) for f in stack]
        at = lib.cp_builder_stack(self._c, ffi.new("cp_location[]", frames), len(frames))
        of = lib.cp_builder_labels(self._c, ffi.new("struct cp_label[]", rows), len(rows))
        lib.cp_builder_sample(self._c, at, of, ffi.new("int64_t[]", list(values)), len(values),
                              -2**63 if time is None else time)

    def finish(self):
        """The profile; the builder is at its end."""
        ret, err = ffi.new("struct cp_profile **"), ffi.new("struct cp_error *")
        builder, self._c = self._c, None
        _check(lib.cp_builder_finish(builder, ret, err), err)
        return Profile(ret[0], self._context, self._context.take())


def _read(context, given, name, symbols, options):
    keep = []
    ret, err = ffi.new("struct cp_profile **"), ffi.new("struct cp_error *")
    try:
        read, names = _split(["cp_read_options", "cp_symbolize_options"], options)
        r = _options("cp_read_options", read, keep)
        s = _options("cp_symbolize_options", names, keep) if symbols or names else ffi.NULL
        _check(lib.cp_profile_read(context.c, given, r, s, ret, err), err, name)
    finally:
        lib.cp_input_free(given)
    return Profile(ret[0], context, context.take())


def open(path, symbols=True, **options):
    """Reads a profile of any supported format. `symbols`: look names up that it does not have
    itself, from programs and debug files on this machine. Options are the members of struct
    cp_read_options and cp_symbolize_options: events=["cycles"], symfs="root", …"""
    context = _context()
    ret, err = ffi.new("struct cp_input **"), ffi.new("struct cp_error *")
    _check(lib.cp_input_open(context.c, _bytes(path), ret, err), err)
    return _read(context, ret[0], os.fsdecode(path), symbols, options)


def loads(data, name="memory", symbols=False, **options):
    """The same of bytes; nothing is looked up unless asked for."""
    context = _context()
    ret, err = ffi.new("struct cp_input **"), ffi.new("struct cp_error *")
    held = ffi.from_buffer(data)
    _check(lib.cp_input_memory(context.c, held, len(data), name.encode(), ret, err), err,
           name)
    profile = _read(context, ret[0], name, symbols, options)
    del held
    return profile


def merge(profiles, labels=None, weights=None, **options):
    """One profile of many, which may be an iterator: one at a time is looked at. `weights`
    gives a factor for each, `labels` a dict of labels for each. Options: canonical=True,
    max_stacks=1000, types="union", pgo=True."""
    keep, context = [], _context()
    o = _options("cp_merge_options", options, keep)
    ret, err = ffi.new("struct cp_merge **"), ffi.new("struct cp_error *")
    _check(lib.cp_merge_new(context.c, o, ret, err), err)
    merging, done = ret[0], ffi.new("struct cp_profile **")
    try:
        for i, profile in enumerate(profiles):
            held = []
            pairs = [{"key": ffi.new("char[]", k.encode()), "value": ffi.new("char[]", v.encode())}
                     for k, v in (labels[i] if labels else {}).items()]
            held.append(pairs)
            held.append(ffi.new("struct cp_merge_label[]", pairs))
            extra = ffi.new("struct cp_merge_input *")
            extra.size = ffi.sizeof("struct cp_merge_input")
            extra.labels, extra.n_labels = held[-1], len(pairs)
            extra.weight = weights[i] if weights else 0
            _check(lib.cp_merge_add(merging, profile._c, extra, err), err)
        finished, merging = merging, None
        _check(lib.cp_merge_finish(finished, done, err), err)
    finally:
        if merging is not None:
            lib.cp_merge_free(merging)
    return Profile(done[0], context, context.take())


def diff(before, after, **options):
    """What changed between two profiles, or two lists of them, as cpdiff decides: an object
    with "summary" and "rows", documented in cpdiff(1). Options: struct cp_diff_options'."""
    keep, context, parts = [], _context(), []
    o = _options("cp_diff_options", options, keep)
    ret, err = ffi.new("struct cp_diff **"), ffi.new("struct cp_error *")
    _check(lib.cp_diff_new(context.c, o, ret, err), err)
    comparison = ffi.gc(ret[0], lib.cp_diff_free)
    for side, given in ((lib.CP_BEFORE, before), (lib.CP_AFTER, after)):
        for profile in [given] if isinstance(given, Profile) else given:
            _check(lib.cp_diff_add(comparison, side, profile._c, ffi.NULL, err), err)
    _check(lib.cp_diff_finish(comparison, err), err)
    shown = _options("cp_diff_write_options", {"all_rows": True}, keep)
    handle = ffi.new_handle(lambda data: parts.append(data[:]))
    _check(lib.cp_diff_write(context.c, comparison, b"json", shown, lib.cp_python_write, handle,
                             err), err)
    context.take()
    return json.loads(b"".join(parts).decode("utf-8", "surrogateescape"), strict=False)


def formats():
    """What is read and written: dicts of name, description, extensions, reads, writes."""
    made, i = [], 0
    while True:
        f = lib.cp_format_at(i)
        if f == ffi.NULL:
            return made
        made.append({"name": _str(f.name), "description": _str(f.description),
                     "extensions": (_str(f.extensions) or "").split(), "reads": bool(f.reads),
                     "writes": bool(f.writes)})
        i += 1


def _format_of(path):
    best = max(((len(e), f["name"]) for f in formats() if f["writes"] for e in f["extensions"]
                if path.endswith(e)), default=None)
    if not best:
        raise Error("the ending of %s names no format: say format=" % path)
    return best[1]


def version():
    """The library's version."""
    return _str(lib.cp_version())
