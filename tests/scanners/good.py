"""Files as honest tools write them, made by our code: none of them loads any code."""

import collections
import gzip
import json
import pickle
import struct
from typing import Any

from tests.formats import layouts
from tests.scanners.assembling import (
    EMPTY,
    FALSE,
    NONE,
    TRUE,
    call,
    checkpoint,
    first_tar,
    many,
    name,
    number,
    numpy,
    of_2017,
    packed,
    raw,
    row,
    safetensors,
    storage,
    table,
    tarred,
    tensor,
    text,
    whole,
    zipped,
)  # fmt: skip

NUMBERS = struct.pack("<6f", *range(6))
PARAMETER = call(name("torch._utils", "_rebuild_parameter"), tensor("0", (2, 3)), TRUE, EMPTY)
V3 = call(
    name("torch._utils", "_rebuild_tensor_v3"),
    storage("0", 4, "UntypedStorage"), number(0), many(number(2)), many(number(1)), FALSE, EMPTY,
    name("torch", "uint16"),
)  # fmt: skip
METADATA = EMPTY + table(_metadata=EMPTY) + b"b"
PLAIN: dict[str, Any] = {
    "names": ["a", "b"], "sizes": (1, 2.5, 10**30), "set": {1}, "none": None, "raw": b"x\xff",
    "ordered": collections.OrderedDict(a=1), "complex": 1 + 2j, "frozen": frozenset({2}),
    "flag": True, "array": bytearray(b"xyz"),
}  # fmt: skip
ARRAY = (
    call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"),
         many(number(0)), raw(b"b"))
    + many(number(1), many(number(2)),
           call(name("numpy", "dtype"), text("f4"), FALSE, TRUE)
           + many(number(3), text("<"), NONE, NONE, NONE, number(-1), number(-1), number(0)) + b"b",
           FALSE, raw(bytes(8)))
    + b"b"
)  # fmt: skip
SCALAR = call(
    name("numpy._core.multiarray", "scalar"),
    call(name("numpy", "dtype"), text("f8"), FALSE, TRUE), raw(bytes(8)),
)  # fmt: skip
BUFFER = call(
    name("numpy._core.numeric", "_frombuffer"), raw(bytes(8)),
    call(name("numpy", "dtype"), text("f4"), FALSE, TRUE), many(number(2)), text("C"),
)  # fmt: skip
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' ~ message['content'] | trim ~ ' [/INST]' }}{% else %}"
    "{{ message.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def vocabulary() -> bytes:
    """As SentencePiece writes one: many small messages."""
    piece = b"\x0a\x05hello\x15\x00\x00\x80\xbf"
    return (b"\x0a" + bytes([len(piece)]) + piece) * 50


GOOD: dict[str, bytes] = {
    "model.pt": checkpoint(whole(table(weight=tensor("0", (2, 3)))), {"0": NUMBERS}),
    "pytorch_model.bin": checkpoint(
        whole(table(a=tensor("0", (2, 3)), b=tensor("0", (3, 2), steps=(1, 3)))), {"0": NUMBERS}
    ),
    "parameter.pth": checkpoint(whole(table(weight=PARAMETER)), {"0": NUMBERS}),
    "ordered.pt": checkpoint(whole(METADATA), {}),
    "uint16.pt": checkpoint(whole(table(weight=V3)), {"0": bytes(4)}),
    "half.ckpt": checkpoint(
        whole(table(state_dict=table(w=tensor("0", (2,), kind="HalfStorage")), epoch=number(3))),
        {"0": bytes(4)},
    ),
    "packed.pt": checkpoint(whole(table(w=tensor("0", (2, 3)))), {"0": NUMBERS}, packed=True),
    "legacy.bin": of_2017(table(w=tensor("0", (2, 3), legacy=True)), {"0": (6, NUMBERS)}),
    "first.tar": first_tar(),
    **{f"plain-{n}.pkl": pickle.dumps(PLAIN, n) for n in range(6)},
    "array.pkl": whole(ARRAY),
    "scalar.pkl": whole(SCALAR),
    "buffer.pkl": whole(BUFFER, 5),
    "list.pkl": whole(row(number(1), text("x"))),
    "array.npy": numpy("'<f4'", bytes(8)),
    "fields.npy": numpy("[('a', '<f4'), ('b', '<i4')]", bytes(16)),
    "arrays.npz": zipped([("a.npy", numpy("'<f4'", bytes(8)))], packed=True),
    "array.joblib": packed(whole(ARRAY)),
    "model.pkl.gz": gzip.compress(whole(b"}")),
    "model.safetensors": safetensors(weight=(2, 3)),
    "named.bin": safetensors(weight=(2, 3)),
    "model.gguf": layouts.gguf({"general.name": "x", "tokenizer.chat_template": TEMPLATE}),
    "model.onnx": layouts.onnx(),
    "model.tflite": layouts.tflite(),
    "model.nemo": tarred([
        ("./model_config.yaml", b"target: x\n"),
        ("./model_weights.ckpt", checkpoint(whole(table(w=tensor("0", (2,)))), {"0": bytes(8)})),
    ]),
    "tokenizer.model": vocabulary(),
    "config.json": json.dumps({"model_type": "llama", "auto_map": {}}).encode(),
    "tokenizer_config.json": json.dumps({"chat_template": TEMPLATE}).encode(),
    "chat_template.jinja": TEMPLATE.encode(),
    "README.md": b"---\nlicense: mit\n---\ncat\nchat\n(models)\n",
    "merges.txt": "Ġ t\nh e\n".encode(),
    "words.txt": b"cos\nsin\ntan\n",
    "hydra.yaml": b"a:\n  _target_: nemo.collections.nlp.X\n",
    "like-pickle.pt": checkpoint(whole(table(w=tensor("0", (2,)))), {"0": b"\x80\x02" + bytes(6)}),
    "recipe.yaml": b"models: [a]\n",
    "card.png": b"\x89PNG\r\n\x1a\n" + bytes(30),
    "empty.txt": b"",
    "papers.zip": zipped([("a/b.txt", b"hello"), ("c.json", b"{}")]),
    "papers.tar": tarred([("a/b.txt", b"hello")]),
}  # fmt: skip
