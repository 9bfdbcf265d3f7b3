"""Asks llama.cpp itself how much memory a GGUF file will take, without its weights being read.

    python benchmarks/llamacpp_oracle.py MODEL.gguf '{"context": 8192}'
    python benchmarks/llamacpp_oracle.py MODEL.gguf --run '{"context": 8192}'   (a whole model)

It loads the file with `no_alloc` through the `xllamacpp` wheel (`llama.cpp` as one library) and
reads what its allocator would take, per kind of buffer. A file that is only a head and a hole
is enough. The layouts of llama.cpp's structs are those of the wheel named in VERSION.
"""

import ctypes as c
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

VERSION = "2026.10.11549"
TYPES = {"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "bf16": 30}


class ModelOptions(c.Structure):
    """llama_model_params."""

    _fields_ = (
        ("devices", c.c_void_p), ("overrides", c.c_void_p), ("gpu_layers", c.c_int32),
        ("split", c.c_int32), ("load", c.c_int32), ("lazy", c.c_int32), ("main_gpu", c.c_int32),
        ("tensor_split", c.c_void_p), ("progress", c.c_void_p), ("progress_data", c.c_void_p),
        ("kv_overrides", c.c_void_p), ("vocab_only", c.c_bool), ("check", c.c_bool),
        ("extra_buffers", c.c_bool), ("no_host", c.c_bool), ("no_alloc", c.c_bool),
        ("load_mtp", c.c_bool),
    )  # fmt: skip


class ContextOptions(c.Structure):
    """llama_context_params."""

    _fields_ = (
        ("context", c.c_uint32), ("batch", c.c_uint32), ("ubatch", c.c_uint32),
        ("sequences", c.c_uint32), ("snapshots", c.c_uint32), ("outputs", c.c_uint32),
        ("outputs_per_sequence", c.c_uint32), ("threads", c.c_int32), ("batch_threads", c.c_int32),
        ("kind", c.c_int32), ("rope_scaling", c.c_int32), ("pooling", c.c_int32),
        ("attention", c.c_int32), ("flash", c.c_int32), ("rope", c.c_float * 8),
        ("eval_callback", c.c_void_p), ("eval_data", c.c_void_p),
        ("type_k", c.c_int32), ("type_v", c.c_int32), ("abort", c.c_void_p),
        ("abort_data", c.c_void_p), ("unknown", c.c_void_p),
        ("embeddings", c.c_bool), ("offload_kqv", c.c_bool), ("no_perf", c.c_bool),
        ("op_offload", c.c_bool), ("swa_full", c.c_bool), ("kv_unified", c.c_bool),
        ("samplers", c.c_void_p), ("samplers_count", c.c_size_t), ("other", c.c_void_p),
    )  # fmt: skip


class Node(c.Structure):
    """One node of the red-black tree of libstdc++'s std::map, with a breakdown as its value."""


Node._fields_ = (
    ("color", c.c_int64), ("parent", c.POINTER(Node)), ("left", c.POINTER(Node)),
    ("right", c.POINTER(Node)), ("buffer", c.c_void_p), ("model", c.c_size_t),
    ("context", c.c_size_t), ("compute", c.c_size_t),
)  # fmt: skip


class Map(c.Structure):
    """std::map of libstdc++."""

    _fields_ = (
        ("compare", c.c_int64), ("color", c.c_int64), ("root", c.POINTER(Node)),
        ("leftmost", c.c_void_p), ("rightmost", c.c_void_p), ("count", c.c_size_t),
    )  # fmt: skip


def library() -> Any:
    """The wheel's library with the types of what is called."""
    spec = find_spec("xllamacpp")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("xllamacpp is not installed")
    lib = c.CDLL(str(Path(spec.submodule_search_locations[0]) / "xllamacpp.abi3.so"))
    lib.llama_model_default_params.restype = ModelOptions
    lib.llama_context_default_params.restype = ContextOptions
    lib.llama_model_load_from_file.restype = c.c_void_p
    lib.llama_model_load_from_file.argtypes = [c.c_char_p, ModelOptions]
    lib.llama_init_from_model.restype = c.c_void_p
    lib.llama_init_from_model.argtypes = [c.c_void_p, ContextOptions]
    lib.llama_free.argtypes = lib.llama_model_free.argtypes = [c.c_void_p]
    lib.ggml_backend_buft_name.restype = c.c_char_p
    lib.ggml_backend_buft_name.argtypes = [c.c_void_p]
    breakdown = lib._Z26llama_get_memory_breakdownPK13llama_context
    breakdown.restype, breakdown.argtypes = c.c_void_p, [c.POINTER(Map), c.c_void_p]
    lib.llama_log_set.argtypes = [c.c_void_p, c.c_void_p]
    return lib


LOG = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)
KEPT: list[bytes] = []


def keep(level: int, text: bytes, _: object) -> None:
    """Keep what llama.cpp says."""
    KEPT.append(text)


log = LOG(keep)


class Dry:
    """One model, loaded without weights, that can be asked many times."""

    def __init__(self, path: str, *, real: bool = False, mmap: bool = True, repack: bool = True):
        self.lib = library()
        self.lib.llama_log_set(log, None)
        self.lib.llama_backend_init()
        options = self.lib.llama_model_default_params()
        options.no_alloc, options.load = not real, 1 if mmap and real else 0
        options.extra_buffers = repack
        self.model = self.lib.llama_model_load_from_file(path.encode(), options)
        if not self.model:
            raise SystemExit(b"".join(KEPT[-12:]).decode("utf-8", "replace"))

    def open(self, setting: dict[str, Any]) -> int:
        """A context of this setting."""
        options = self.lib.llama_context_default_params()
        options.context = setting["context"] * setting.get("parallel", 1)
        options.ubatch = setting.get("batch", 512)
        options.batch = max(2048, options.ubatch)
        options.sequences = setting.get("parallel", 1)
        options.outputs = setting.get("outputs", 0)
        options.type_k, options.type_v = TYPES[setting["keys"]], TYPES[setting["values"]]
        options.flash, options.swa_full = setting.get("flash", True), setting["full_window"]
        options.embeddings = setting.get("embeddings", False)
        options.kv_unified = setting.get("unified", False)
        context = self.lib.llama_init_from_model(self.model, options)
        if not context:
            raise ValueError(b"".join(KEPT[-6:]).decode("utf-8", "replace"))
        return int(context)

    def ask(self, setting: dict[str, Any]) -> dict[str, dict[str, int]]:
        """Bytes of model, context and compute, by kind of buffer."""
        context = self.open(setting)
        found = self.breakdown(context)
        self.lib.llama_free(context)
        return found

    def breakdown(self, context: int) -> dict[str, dict[str, int]]:
        """What the context says of its memory."""
        tree = Map()
        self.lib._Z26llama_get_memory_breakdownPK13llama_context(c.byref(tree), context)
        found: dict[str, dict[str, int]] = {}
        todo = [tree.root]
        while todo:
            node = todo.pop()
            if node:
                at = node.contents
                name = self.lib.ggml_backend_buft_name(at.buffer).decode()
                found[name] = {"model": at.model, "context": at.context, "compute": at.compute}
                todo += [at.left, at.right]
        return found


class Tokens(c.Structure):
    """llama_batch."""

    _fields_ = (
        ("count", c.c_int32), ("tokens", c.c_void_p), ("vectors", c.c_void_p),
        ("positions", c.c_void_p), ("sequences", c.c_void_p), ("ids", c.c_void_p),
        ("wanted", c.c_void_p),
    )  # fmt: skip


def run(path: str, setting: dict[str, Any]) -> dict[str, int]:
    """Load a whole model, read a prompt of more than one batch, answer a few tokens."""
    before = memory()
    model = Dry(path, real=True, mmap=setting["mapped"], repack=setting["repack"])
    context = model.open(setting)
    lib = model.lib
    lib.llama_batch_get_one.restype = Tokens
    lib.llama_batch_get_one.argtypes = [c.c_void_p, c.c_int32]
    lib.llama_decode.argtypes = [c.c_void_p, Tokens]
    count = min(setting["context"] - 16, 520)
    words = (c.c_int32 * count)(*[7] * count)
    for many in (count, 1, 1, 1):
        for start in range(0, many, 512):
            some = min(512, many - start)
            if lib.llama_decode(context, lib.llama_batch_get_one(words, some)):
                raise SystemExit("the engine did not answer")
    return {"before": before["VmRSS"], "peak": memory()["VmHWM"], "own": memory()["RssAnon"]}


def memory() -> dict[str, int]:
    """What the system says of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    pairs = (line.split() for line in lines if line.startswith(("Vm", "Rss")))
    return {pair[0].rstrip(":"): int(pair[1]) * 1024 for pair in pairs}


def main() -> None:
    """Answer one or more settings, a line each."""
    usual = {"keys": "f16", "values": "f16", "full_window": False, "mapped": True, "repack": True}
    if sys.argv[2] == "--run":
        print(json.dumps(run(sys.argv[1], {**usual, **json.loads(sys.argv[3])})))
        return
    dry = Dry(sys.argv[1])
    for text in sys.argv[2:]:
        setting = {**usual, **json.loads(text)}
        try:
            print(json.dumps(dry.ask(setting)))
        except ValueError:
            print("{}")


if __name__ == "__main__":
    main()
