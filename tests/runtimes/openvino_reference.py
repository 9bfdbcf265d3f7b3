"""Asks OpenVINO GenAI directly, without Freehold: `openvino_reference.py sees|paints MODEL ...`.

Run as a script in the Python of the runtime `openvino`. It prints what the library says; or it
paints with our noise (the folder of the sources is named) into a file, or compares two images.
"""

import json
import sys
from typing import Any

import numpy
import openvino
import openvino_genai
from PIL import Image

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}


def pixels(file: str) -> Any:
    """The pixels of an image."""
    return numpy.array(Image.open(file).convert("RGB"))


def sees(model: str, prompt: str, picture: str, most: str) -> None:
    """What the pipeline says of a picture."""
    kept = {"KEY_CACHE_PRECISION": "f16", "VALUE_CACHE_PRECISION": "f16"}
    pipeline = openvino_genai.VLMPipeline(model, "CPU", **EXACT, **kept)
    config = pipeline.get_generation_config()
    config.max_new_tokens, config.ignore_eos, config.do_sample = int(most), True, False
    config.apply_chat_template = False
    seen = openvino.Tensor(pixels(picture)[None])
    found = pipeline.generate(prompt, images=[seen], generation_config=config)
    print(json.dumps(found.texts[0]))


def paints(model: str, prompt: str, steps: str, seed: str, source: str, out: str) -> None:
    """Paint an image of 32 x 32 pixels."""
    sys.path.insert(0, source)
    from freehold.engines.workers.openvino.noise import generator

    pipeline = openvino_genai.Text2ImagePipeline(model, "CPU", **EXACT)
    found = pipeline.generate(
        prompt, width=32, height=32, num_inference_steps=int(steps), generator=generator(int(seed))
    )
    Image.fromarray(found.data[0]).save(out)


def apart(*files: str) -> None:
    """How far two images of each pair are apart at most, in steps of brightness."""
    pairs = zip(files[::2], files[1::2], strict=True)
    found = [abs(pixels(one).astype(int) - pixels(other)).max() for one, other in pairs]
    print(json.dumps([int(most) for most in found]))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
