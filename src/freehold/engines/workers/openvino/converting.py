"""Converts a folder in the layout of Transformers or diffusers for OpenVINO, inside the jail.

Run as a script in the Python of the runtime `converting`, in a folder of its own. What to do comes
as JSON in `FREEHOLD_WORKER`: source, task, precision. It leaves the folder `out` and then
`done.json`, and waits to be ended. No code of a model's folder is run.
"""

import json
import os
import shutil
import sys
import threading
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

OUT, DONE = "out", "done.json"
TASKS = {
    "text-generation": "text-generation-with-past",
    "automatic-speech-recognition": "automatic-speech-recognition-with-past",
    "feature-extraction": "feature-extraction",
    "text-ranking": "text-classification",
    "text-to-image": "text-to-image",
}
PICTURES = "preprocessor_config.json"
"""Where OpenVINO looks for how pictures are prepared."""
SEES = "image-text-to-text"
"""What a model of text that also sees is called there."""
UNBOUND = {
    "qwen2_vl": "Qwen2VLOpenVINOConfig",
    "qwen2_5_vl": "Qwen2_5_VLOpenVINOConfig",
    "qwen3_vl": "Qwen3VLOpenVINOConfig",
}
"""Kinds of models for which optimum-intel 2.2.0 names 5.0 as its newest Transformers.

With the one of this runtime they say the same tokens as in Transformers, which tests hold.
"""
UNUSED = ("safety_checker", "feature_extractor")
"""Parts of a pipeline that paints which OpenVINO never opens."""
WIDE = ("vae_encoder", "vae_decoder")
"""Parts that keep their numbers when others are narrowed: they draw the pixels."""
TYPES = {"f32": "fp32", "f16": "fp16", "bf16": "bf16", "int8": "fp32", "int4": "fp32"}
GROUPS = (128, 64, 32)
"""Weights that share a scale in 4 bits, where a model's rows can be divided so."""


def main() -> int:
    """Convert, tell, wait."""
    orders = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    try:
        told = convert(Path(orders["source"]), orders["task"], orders["precision"], Path(OUT))
    except BaseException as error:
        told = {"error": f"{type(error).__name__}: {error}"[:500]}
    Path("told").write_text(json.dumps(told), encoding="utf-8")
    os.rename("told", DONE)
    threading.Event().wait()
    return 0


def convert(source: Path, task: str, precision: str, out: Path) -> dict[str, Any]:
    """Write the model into `out`; the versions of what did it."""
    exporters = import_module("optimum.exporters.openvino")
    intel = import_module("optimum.intel.openvino")
    paints, sees = (source / "model_index.json").is_file(), bool(pictures(source))
    if task not in TASKS or paints != (task == "text-to-image"):
        raise ValueError(f"this model is not exported for {task}")
    notes = unbound(config_of(source))
    exporters.main_export(
        str(source),
        out,
        task=SEES if sees and task == "text-generation" else TASKS[task],
        ov_config=intel.OVConfig(dtype=TYPES[precision]),
        trust_remote_code=False,
        local_files_only=True,
        convert_tokenizer=True,
        library_name="diffusers" if paints else "transformers",
    )
    if sees:
        (out / PICTURES).write_text(json.dumps(pictures(source)), encoding="utf-8")
    for name in UNUSED if paints else ():
        shutil.rmtree(out / name, ignore_errors=True)
    if precision in ("int8", "int4"):
        for file in sorted(out.rglob("openvino_*model.xml")):
            if file.parent.name not in WIDE:
                narrow(file, precision if writes_or_paints(file) else "int8")
    names = ["openvino", "optimum-intel", "nncf", "transformers", "torch"]
    names += ["diffusers"] if paints else []
    return {"tools": {name: version(name) for name in names}, "notes": notes}


def unbound(config: dict[str, Any]) -> list[str]:
    """Let a newer Transformers export a kind of model than its exporter names; a note of it."""
    kind = UNBOUND.get(str(config.get("model_type")))
    if kind is None:
        return []
    found = getattr(import_module("optimum.exporters.openvino.model_configs"), kind)
    newest, found.MAX_TRANSFORMERS_VERSION = found.MAX_TRANSFORMERS_VERSION, None
    made = version("transformers")
    return [f"optimum-intel exports such models with Transformers up to {newest}; this is {made}"]


def config_of(source: Path) -> dict[str, Any]:
    """The configuration of a model, where it has one."""
    file = source / "config.json"
    return dict(json.loads(file.read_bytes())) if file.is_file() else {}


def pictures(source: Path) -> dict[str, Any]:
    """How a model that sees wants its pictures, as OpenVINO reads it; nothing for other models.

    Newer files of a publisher have it inside of `processor_config.json`.
    """
    if "vision_config" not in config_of(source):
        return {}
    for name in (PICTURES, "processor_config.json"):
        if (source / name).is_file():
            told = json.loads((source / name).read_bytes())
            return dict(told.get("image_processor") or told)
    return {}


def writes_or_paints(file: Path) -> bool:
    """Whether this is the largest part of a model, which may be narrowed to 4 bits."""
    beside = file.stem.startswith(("openvino_text_embeddings", "openvino_vision_embeddings"))
    return not beside and not file.parent.name.startswith("text_encoder")


def narrow(file: Path, precision: str) -> None:
    """Round the weights of one part to 8 bits each, or to 4 in groups."""
    openvino, nncf = import_module("openvino"), import_module("nncf")
    for group in GROUPS:
        model = openvino.Core().read_model(str(file))
        told: dict[str, Any] = {"mode": nncf.CompressWeightsMode.INT8_ASYM}
        if precision == "int4":
            mode = nncf.CompressWeightsMode.INT4_SYM
            told = {"mode": mode, "group_size": group, "ratio": 1.0}
        try:
            small = nncf.compress_weights(model, **told)
        except nncf.errors.InvalidGroupSizeError:
            continue
        made = file.with_name("narrow.xml")
        openvino.save_model(small, str(made), compress_to_fp16=False)
        del model, small  # it holds the file that is replaced
        made.with_suffix(".bin").replace(file.with_suffix(".bin"))
        made.replace(file)
        return
    raise ValueError(f"the rows of {file.stem} cannot be divided into groups of {GROUPS[-1]}")


if __name__ == "__main__":
    sys.exit(main())
