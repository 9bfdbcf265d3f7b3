"""All tasks alike: what is data about them is true of their requests and results."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from msgspec import DecodeError

from freehold.cli.run import command
from freehold.core.errors import UsageError
from freehold.tasks.base import TASKS, File, Task, Work, kind_of, packed, unpacked, with_files
from freehold.tasks.feature_extraction import Result as Vectors
from freehold.tasks.feature_extraction import floats

ALL: list[Task] = [TASKS.get(name) for name in TASKS.names()]
IMAGE, SOUND = File(Path("cat.png"), "image"), File(Path("hello.wav"), "audio")
ARRAY, TABLE, NOTES = (
    File(Path("x.npy"), "array"),
    File(Path("x.csv"), "table"),
    File(Path("x.mid"), "notes"),
)
INPUTS: dict[str, tuple[Any, ...]] = {
    "text-generation": ("Why?", IMAGE),
    "feature-extraction": ("a", IMAGE, SOUND),
    "text-ranking": ("Why?", "Because.", "So."),
    "text-classification": ("Hello.",),
    "text-to-image": ("A cat.", IMAGE, IMAGE),
    "image-segmentation": (IMAGE, "cat"),
    "image-to-text": (IMAGE, "cat"),
    "automatic-speech-recognition": (SOUND,),
    "text-to-audio": ("Hello.", SOUND),
    "audio-to-audio": (SOUND,),
    "audio-codec": (ARRAY,),
    "music-latents": (NOTES, NOTES),
    "time-series-forecasting": (TABLE,),
    "tensors": (ARRAY, ARRAY),
}
tasks = pytest.mark.parametrize("task", ALL, ids=lambda task: task.id)


@tasks
def test_a_task_is_found_by_its_id_and_by_its_file(task: Task) -> None:
    assert TASKS.get(task.id) is task
    assert TASKS.get(task.id.replace("-", "_")) is task


@tasks
def test_every_flag_reaches_the_request(task: Task) -> None:
    values = {"whole": 2, "number": 0.75, "switch": True, "text": "x"}
    for flag in task.flags:
        if flag.name in ("continuing", "suffix"):
            continue
        value: Any = values.get(flag.sort, flag.choices[-1] if flag.choices else {"a": 1})
        if flag.sort == "several":
            value = ("1,2,3,4" if flag.name == "box" else "1,2" if flag.name == "point" else "1",)
        plain = task.requested(INPUTS[task.id], {})
        assert task.requested(INPUTS[task.id], {flag.parameter: value}) != plain


@tasks
def test_a_request_survives_the_way_to_another_process(task: Task) -> None:
    request = task.requested(INPUTS[task.id], {})
    assert unpacked(packed(request), task.request) == request


@tasks
def test_inputs_of_the_wrong_kind_are_refused(task: Task) -> None:
    with pytest.raises(UsageError):
        task.requested((File(Path("x.exe"), "nothing"),) * 3, {})  # type: ignore[arg-type]


@tasks
def test_what_inputs_fill_cannot_be_said_beside_them(task: Task) -> None:
    assert set(task.filled) <= set(task.request.__struct_fields__)
    assert not set(task.filled) & {flag.parameter for flag in task.flags}


def test_every_flag_is_an_option_of_the_command_and_means_one_thing() -> None:
    options = {p.name for p in command.params if isinstance(p, click.Option)}
    sorts: dict[str, str] = {}
    for task in ALL:
        for flag in task.flags:
            assert flag.parameter in options
            assert sorts.setdefault(flag.name, flag.sort) == flag.sort


def test_routes_are_not_shared() -> None:
    assert len({task.route for task in ALL}) == len(ALL)


def test_what_is_no_request_is_refused() -> None:
    for data in (b"", b"[]", b'{"prompt": 3}', b'{"nothing": 1}', b"\xff"):
        with pytest.raises((DecodeError, UnicodeDecodeError)):
            unpacked(data, TASKS.get("text-to-image").request)


def test_files_are_changed_wherever_they_stand() -> None:
    request = TASKS.get("text-generation").requested(("Why?", IMAGE), {})
    moved = with_files(request, lambda file: File(Path("/in") / file.path.name, file.kind))
    assert moved.messages[0].files == (File(Path("/in/cat.png"), "image"),)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.PNG", "image"), ("b.nii.gz", "volume"), ("c.flac", "audio")]
)
def test_the_ending_tells_what_a_file_holds(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_an_unknown_ending_is_told_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        kind_of(Path("a.exe"))
    assert ".png" in str(error.value.hint)


def test_vectors_travel_as_32_bit_floats() -> None:
    import struct

    data = struct.pack("<3f", 1.0, -2.5, 0.25)
    result = Vectors(form="dense", size=3, dense=(data,), work=Work(0.1, 1, "tokens"))
    told = json.loads(packed(result))
    assert isinstance(told["dense"][0], str)
    assert floats(unpacked(packed(result), Vectors).dense[0]) == [1.0, -2.5, 0.25]
