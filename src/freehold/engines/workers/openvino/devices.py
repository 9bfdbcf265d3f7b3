"""What every pipeline of OpenVINO is told: nothing is narrower than it was asked for."""

from importlib import import_module
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order

ROUNDED = "128"
"""Numbers that share a scale when what goes into narrow matrices is rounded to 8 bits.

With OpenVINO's own 32, eight answers at once of a model with 1 billion weights came a sixth slower,
and 32 more than twice as slow; the KL divergence was 0.0010 nats beside 0.0016.
"""


def properties(order: Order) -> dict[str, str]:
    """The settings of a device, in OpenVINO's words."""
    rounds = order.precision == "int8"
    hint = "f32" if order.precision in (None, "int8") else order.precision
    told = {"INFERENCE_PRECISION_HINT": hint}
    if order.device == "cpu":
        told["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = ROUNDED if rounds else "0"
        told["INFERENCE_NUM_THREADS"] = str(order.threads)
    return told


def of_state(order: Order) -> dict[str, str]:
    """How keys and values are kept, for models that keep some."""
    if order.device != "cpu":
        return {}
    names = {"keys": "KEY_CACHE_PRECISION", "values": "VALUE_CACHE_PRECISION"}
    return {names[name]: order.options[name] for name in names if name in order.options}


def device(order: Order) -> str:
    """The device in OpenVINO's words; UsageError when it is not on this machine."""
    core = import_module("openvino").Core()
    name = order.device.upper()
    there = [str(one) for one in core.available_devices]
    if name not in {one.partition(".")[0] for one in there}:
        raise UsageError(f"there is no {order.device} for OpenVINO here, only {', '.join(there)}")
    return name


def genai() -> Any:
    """The library."""
    return import_module("openvino_genai")


def reason(error: BaseException) -> str:
    """What an error of the library says, without the places in its source."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from ", "Check '"))]
    return " ".join(told)[:400] or type(error).__name__
