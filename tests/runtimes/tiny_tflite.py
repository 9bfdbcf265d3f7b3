"""Writes a tiny TFLite file that adds two arrays; run by the Python of the runtime of LiteRT."""

import sys
from pathlib import Path

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


def tensor(name: str, rows: int) -> "schema.TensorT":
    """A tensor of 32-bit floats; the number of its rows is free."""
    made = schema.TensorT()
    made.name, made.shape, made.shapeSignature = name, [rows, 3], [-1, 3]
    made.type, made.buffer = schema.TensorType.FLOAT32, 0
    return made


def adding() -> bytes:
    """The bytes of the file."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    add = schema.OperatorT()
    add.opcodeIndex, add.inputs, add.outputs = 0, [0, 1], [2]
    add.builtinOptionsType = schema.BuiltinOptions.AddOptions
    add.builtinOptions = schema.AddOptionsT()
    graph = schema.SubGraphT()
    graph.tensors = [tensor(name, 1) for name in ("a", "b", "sum")]
    graph.inputs, graph.outputs, graph.operators, graph.name = [0, 1], [2], [add], "main"
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], [code]
    model.buffers, model.signatureDefs = [schema.BufferT()], [signature()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def signature() -> "schema.SignatureDefT":
    """A way to call it by other names."""
    made = schema.SignatureDefT()
    made.signatureKey, made.subgraphIndex = "add", 0
    made.inputs = [named("x", 0), named("y", 1)]
    made.outputs = [named("z", 2)]
    return made


def named(name: str, index: int) -> "schema.TensorMapT":
    made = schema.TensorMapT()
    made.name, made.tensorIndex = name, index
    return made


if __name__ == "__main__":
    (Path(sys.argv[1]) / "adding.tflite").write_bytes(adding())
