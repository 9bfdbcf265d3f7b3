"""All tensors of a model are known from headers: of files, folders, addresses and repositories."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from freehold.actions import headers_reading
from freehold.actions.headers import Headers, read_headers
from freehold.core.errors import BrokenInput, FreeholdError, NotAllowed, NotFound, UsageError
from tests.formats.layouts import Info, gguf, safetensors, tensor
from tests.sources.hub import REPO, Hub, running


def weights(*names: str, size: int = 100) -> bytes:
    """A safetensors file with tensors of these names."""
    rows = {n: tensor("U8", [size], i * size, (i + 1) * size) for i, n in enumerate(names)}
    return safetensors(rows, b"\1" * (size * len(names)))


def index(**where: str) -> bytes:
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": where}).encode()


CONFIG = b'{"model_type": "llama", "text_config": {"hidden_size": 8}}'
SHARDED = {
    "config.json": CONFIG,
    "model-00001-of-00002.safetensors": weights("a", "b"),
    "model-00002-of-00002.safetensors": weights("c"),
    "model.safetensors.index.json": index(
        a="model-00001-of-00002.safetensors", b="model-00001-of-00002.safetensors",
        c="model-00002-of-00002.safetensors",
    ),
}  # fmt: skip
PARTS = {
    f"lama-0000{n + 1}-of-00003.gguf": gguf(
        {"general.name": "Lama", "split.no": n, "split.count": 3, "split.tensors.count": 3},
        infos=[Info(f"blk.{n}.weight", [32, 32], 8)],
    )
    for n in range(3)
}  # fmt: skip
PIPELINE = {
    "model_index.json": json.dumps({
        "_class_name": "P", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"],
        "text_encoder": ["transformers", "T"], "scheduler": ["diffusers", "S"],
        "safety_checker": [None, None],
    }).encode(),
    "unet/config.json": b'{"_class_name": "U"}',
    "unet/diffusion_pytorch_model.safetensors": weights("u", size=300),
    "unet/diffusion_pytorch_model.fp16.safetensors": weights("u", size=150),
    "vae/config.json": b"{}",
    "vae/diffusion_pytorch_model.fp16.safetensors": weights("v"),
    "text_encoder/config.json": b"{}",
    "text_encoder/model-00001-of-00002.safetensors": weights("t1"),
    "text_encoder/model-00002-of-00002.safetensors": weights("t2"),
    "scheduler/scheduler_config.json": b"{}",
    "all-in-one.safetensors": weights("all"),
}  # fmt: skip


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def names(found: Headers) -> set[str]:
    return {tensor.name for tensor in found.tensors}


def counted(found: Headers) -> list[str]:
    return [name for name, _ in found.files]


def test_a_sharded_model_is_one_model(tmp_path: Path) -> None:
    found = read_headers(put(tmp_path / "lama", SHARDED))
    assert (found.name, found.format, found.requests) == ("lama", "safetensors", 0)
    assert names(found) == {"a", "b", "c"}
    assert found.parameters == 300
    assert found.config == json.loads(CONFIG)
    assert found.size == sum(len(SHARDED[name]) for name in counted(found))
    assert found.notes == ()


@pytest.mark.parametrize("name", list(SHARDED)[1:])
def test_a_part_or_the_index_stands_for_the_whole(tmp_path: Path, name: str) -> None:
    assert names(read_headers(put(tmp_path, SHARDED) / name)) == {"a", "b", "c"}


def test_parts_without_an_index_are_found_by_name(tmp_path: Path) -> None:
    files = dict(SHARDED)
    del files["model.safetensors.index.json"]
    assert names(read_headers(put(tmp_path, files))) == {"a", "b", "c"}


INDEX = "model.safetensors.index.json"
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({ONE: None}, f"index.json: {ONE} of its 2 files is missing"),
        ({TWO: weights("x")}, f"{TWO} holds 'c'; it is not there"),
        ({TWO: weights("a", "c")}, "has the tensor 'a' of model-00001.* again"),
        ({INDEX: index(a=TWO, b=ONE, c=TWO)}, "it is in model-00001"),
        ({INDEX: index(a="../x.safetensors")}, "no file beside it"),
        ({INDEX: index(a="/etc/x.safetensors")}, "no file beside it"),
        ({INDEX: index(a=INDEX)}, "no file beside it"),
        ({INDEX: b'{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}'}, "'a' twice"),
        ({INDEX: b'{"weight_map": 5}'}, "is not an index"),
        ({INDEX: b"[" * 99_999}, "is not an index"),
        ({INDEX: index(**{f"t{n}": f"{n}.safetensors" for n in range(1_001)})}, "1,001 files"),
    ],
)  # fmt: skip
def test_an_index_that_lies_is_refused(
    tmp_path: Path, changed: Mapping[str, bytes | None], why: str
) -> None:
    files = {name: data for name, data in {**SHARDED, **changed}.items() if data is not None}
    with pytest.raises(BrokenInput, match=why):
        read_headers(put(tmp_path, files))


def test_tensors_that_the_index_does_not_name_are_counted_and_said(tmp_path: Path) -> None:
    found = read_headers(put(tmp_path, SHARDED | {TWO: weights("c", "d")}))
    assert names(found) == {"a", "b", "c", "d"}
    assert "does not name 1 tensors" in found.notes[0]


@pytest.mark.parametrize(
    "beside",
    ["consolidated.safetensors", "model.fp16.safetensors", "original/consolidated.00.safetensors",
     "consolidated-00001-of-00001.safetensors", "pytorch_model.bin", "model.ema.safetensors"],
)  # fmt: skip
@pytest.mark.parametrize("whole", [{"model.safetensors": weights("a", "b", "c")}, SHARDED])
def test_the_same_weights_again_count_once(
    tmp_path: Path, beside: str, whole: Mapping[str, bytes]
) -> None:
    found = read_headers(put(tmp_path, {beside: weights("z"), **whole}))
    assert names(found) == {"a", "b", "c"}
    assert any(beside in note for note in found.notes)


def test_a_variant_counts_where_there_is_nothing_else(tmp_path: Path) -> None:
    found = read_headers(put(tmp_path, {"model.fp16.safetensors": weights("a")}))
    assert names(found) == {"a"}
    assert "variant fp16" in found.notes[0]


def test_a_variant_may_have_an_index_of_its_own(tmp_path: Path) -> None:
    part = "diffusion_pytorch_model.fp16-00001-of-00001.safetensors"
    files = {
        part: weights("a"),
        "diffusion_pytorch_model.safetensors.index.fp16.json": index(b=part),
    }
    with pytest.raises(BrokenInput, match="holds 'b'"):
        read_headers(put(tmp_path, files))


def test_of_several_unknown_names_the_largest_counts(tmp_path: Path) -> None:
    files = {"xl.safetensors": weights("x", size=500), "s.safetensors": weights("s")}
    found = read_headers(put(tmp_path, files))
    assert counted(found) == ["xl.safetensors"]
    assert any("s.safetensors" in note for note in found.notes)


def test_a_model_of_mistral_brings_its_parameters(tmp_path: Path) -> None:
    files = {"consolidated.safetensors": weights("a"), "params.json": b'{"dim": 8}'}
    found = read_headers(put(tmp_path, files))
    assert found.config == {"dim": 8}
    assert any("params.json" in note for note in found.notes)


def test_an_adapter_says_that_its_base_is_missing(tmp_path: Path) -> None:
    files = {
        "adapter_model.safetensors": weights("lora"),
        "adapter_config.json": b'{"base_model_name_or_path": "lab/base", "r": 8}',
    }
    found = read_headers(put(tmp_path, files))
    assert found.config == {"base_model_name_or_path": "lab/base", "r": 8}
    assert any("lab/base" in note for note in found.notes)


def test_a_configuration_alone_is_something(tmp_path: Path) -> None:
    found = read_headers(put(tmp_path, {"config.json": CONFIG}))
    assert (found.format, found.tensors, found.size) == ("config", (), 0)
    assert found.config == json.loads(CONFIG)
    assert "configuration alone" in found.notes[0]
    assert read_headers(tmp_path / "config.json") == found


def test_pickled_weights_are_not_opened(tmp_path: Path) -> None:
    files = {"config.json": CONFIG, "pytorch_model.bin": b"\x80\x04."}
    found = read_headers(put(tmp_path, files))
    assert found.format == "config"
    assert any("pickled" in note and "pytorch_model.bin" in note for note in found.notes)


@pytest.mark.parametrize("name", PARTS)
def test_any_part_of_a_split_file_leads_to_all(tmp_path: Path, name: str) -> None:
    found = read_headers(put(tmp_path, PARTS) / name)
    assert [t.name for t in found.tensors] == ["blk.0.weight", "blk.1.weight", "blk.2.weight"]
    assert (found.name, counted(found)) == (name, list(PARTS))
    assert found.size == sum(map(len, PARTS.values()))
    assert found.metadata["general.name"] == "Lama"


def split(number: int, count: int, told: int = 3, name: str = "blk.1.weight") -> bytes:
    keys = {"split.no": number, "split.count": count, "split.tensors.count": told}
    return gguf(keys, infos=[Info(name, [32, 32], 8)])


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (None, "lama-00002-of-00003.gguf of its 3 files is missing"),
        (split(0, 3), "split.no is 0, but its name is that of number 1"),
        (split(1, 2), "split.count names 2 parts, but there are 3"),
        (gguf({}), "split.count names no parts"),
        (split(1, 3, name="blk.0.weight"), "'blk.0.weight' of another part again"),
        (gguf({"split.no": 1, "split.count": 3}), "split.tensors.count is 3, but the parts hold 2"),
    ],
)
def test_a_split_file_that_lies_is_refused(tmp_path: Path, second: bytes | None, why: str) -> None:
    files = {**PARTS, "lama-00002-of-00003.gguf": second}
    put(tmp_path, {name: data for name, data in files.items() if data is not None})
    with pytest.raises(BrokenInput, match=why):
        read_headers(tmp_path)


@pytest.mark.parametrize("name", ["x-00004-of-00003.gguf", "x-00000-of-00003.gguf"])
def test_a_part_beyond_the_last_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BrokenInput, match="says that it is part"):
        read_headers(put(tmp_path, {name: PARTS["lama-00001-of-00003.gguf"]}) / name)


def test_of_several_precisions_the_usual_one_is_taken(tmp_path: Path) -> None:
    one = gguf({}, infos=[Info("a", [4])])
    files = {f"lama-{word}.gguf": one for word in ("BF16", "Q4_K_M", "Q8_0")}
    found = read_headers(put(tmp_path, files))
    assert counted(found) == ["lama-Q4_K_M.gguf"]
    assert "lama-BF16.gguf" in found.notes[0]


def test_eyes_beside_a_gguf_file_are_a_part(tmp_path: Path) -> None:
    files = {
        "lama.gguf": gguf({}, infos=[Info("a", [4])]),
        "mmproj-F16.gguf": gguf({}, infos=[Info("v.a", [9])]),
    }
    found = read_headers(put(tmp_path, files))
    assert names(found.parts["mmproj"]) == {"v.a"}
    assert found.size == sum(map(len, files.values()))
    assert found.parameters == 13


def test_a_pipeline_is_its_components(tmp_path: Path) -> None:
    found = read_headers(put(tmp_path / "pipe", PIPELINE))
    assert (found.name, found.format, found.tensors) == ("pipe", "diffusers", ())
    assert {name: names(part) for name, part in found.parts.items()} == {
        "unet": {"u"}, "vae": {"v"}, "text_encoder": {"t1", "t2"},
    }  # fmt: skip
    assert found.parts["unet"].parameters == 300
    assert found.parts["unet"].config == {"_class_name": "U"}
    assert found.parameters == 600
    assert found.config is not None
    assert found.config["_class_name"] == "P"
    assert any("all-in-one.safetensors" in note for note in found.notes)
    assert read_headers(tmp_path / "pipe" / "model_index.json") == found


@pytest.mark.parametrize("name", ["..", "unet/../..", "/etc", "."])
def test_a_component_is_never_looked_for_outside(tmp_path: Path, name: str) -> None:
    put(tmp_path, {"model.safetensors": weights("secret")})
    files = {"model_index.json": json.dumps({name: ["diffusers", "U"]}).encode()}
    with pytest.raises(BrokenInput, match="none of its components"):
        read_headers(put(tmp_path / "pipe", files))


@pytest.mark.parametrize(
    "what",
    ["nothing", "x" * 5_000, "\0", "~nobody", "hf:", "hf:x", "hf:a/b@", "http://[", "http://[a",
     "http://example.org/x.gguf"],
)  # fmt: skip
def test_what_names_nothing_is_refused(what: str) -> None:
    with pytest.raises(FreeholdError) as caught:
        read_headers(what)
    assert caught.value.exit_code in (2, 3)


def test_a_file_of_another_kind_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    put(tmp_path, {"a.txt": b"x"})
    with pytest.raises(BrokenInput, match="no file whose header is read"):
        read_headers(tmp_path / "a.txt")
    with pytest.raises(BrokenInput, match="holds no safetensors"):
        read_headers(tmp_path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.mark.parametrize("files", [SHARDED, PARTS, PIPELINE, {"config.json": CONFIG}])
def test_a_repository_reads_as_the_folder_that_it_would_be(
    hub: Hub, tmp_path: Path, files: Mapping[str, bytes]
) -> None:
    hub.files = dict(files)
    there, here = read_headers(f"hf:{REPO}"), read_headers(put(tmp_path / "small", files))
    plain: dict[str, Any] = {"requests": 0, "parts": {}}
    assert _like(there, plain) == _like(here, plain)
    assert there.parts.keys() == here.parts.keys()
    assert there.requests == len(hub.asked) > 0


def _like(found: Headers, changed: Mapping[str, Any]) -> Headers:
    from msgspec.structs import replace

    return replace(found, **changed)


def test_a_file_of_a_repository_can_be_named(hub: Hub) -> None:
    hub.files = {"q/b.gguf": gguf({}, infos=[Info("b", [4])]), **SHARDED}
    assert names(read_headers(f"hf:{REPO}/q/b.gguf")) == {"b"}
    with pytest.raises(NotFound):
        read_headers(f"hf:{REPO}@v9")


@pytest.mark.parametrize("rest", ["", "/tree/main", "/blob/main/b.gguf", "/resolve/main/b.gguf"])
def test_a_page_of_the_hub_is_its_repository(hub: Hub, rest: str) -> None:
    hub.files = {"b.gguf": gguf({}, infos=[Info("b", [4])])}
    assert names(read_headers(f"https://huggingface.co/{REPO}{rest}")) == {"b"}


def test_a_sharded_repository_takes_two_requests_a_file_at_most(hub: Hub) -> None:
    rows = {f"model-{n:05}-of-00006.safetensors": weights(*(f"{n}.{m}" for m in range(900)))
            for n in range(1, 7)}  # fmt: skip
    hub.files = rows
    assert len(read_headers(f"hf:{REPO}").tensors) == 5_400
    assert len(hub.asked) <= 1 + 2 * 6


@pytest.mark.parametrize("remote", [False, True])
def test_all_tensors_together_are_bounded(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remote: bool
) -> None:
    monkeypatch.setattr(headers_reading, "MOST_TENSORS", 2)
    hub.files = dict(SHARDED)
    what = f"hf:{REPO}" if remote else put(tmp_path, SHARDED)
    with pytest.raises(BrokenInput, match="more than 2 tensors"):
        read_headers(what)


def test_a_gated_repository_says_how_to_get_in(hub: Hub) -> None:
    hub.files, hub.gated = dict(PARTS), "manual"
    with pytest.raises(NotAllowed, match="gated"):
        read_headers(f"hf:{REPO}")


def test_an_address_reads_as_the_file_would(hub: Hub, tmp_path: Path) -> None:
    hub.files = dict(PARTS)
    found = read_headers(f"{hub.url}/cdn/lama-00001-of-00003.gguf")
    here = read_headers(put(tmp_path, PARTS) / "lama-00001-of-00003.gguf")
    assert (found.tensors, found.files) == (here.tensors, here.files)
    assert found.requests == 3


def test_beside_an_address_of_safetensors_the_configuration_is_looked_for(hub: Hub) -> None:
    hub.files = {"model.safetensors": weights("a"), "config.json": CONFIG}
    assert read_headers(f"{hub.url}/cdn/model.safetensors").config == json.loads(CONFIG)
    del hub.files["config.json"]
    found = read_headers(f"{hub.url}/cdn/model.safetensors")
    assert found.config is None
    assert any("no config.json" in note for note in found.notes)


def test_an_index_on_the_web_leads_to_its_files(hub: Hub) -> None:
    hub.files = dict(SHARDED)
    found = read_headers(f"{hub.url}/cdn/model.safetensors.index.json")
    assert names(found) == {"a", "b", "c"}


def test_an_odd_revision_asks_nobody(hub: Hub) -> None:
    with pytest.raises(UsageError):
        read_headers(f"hf:{REPO}@../x")
    assert hub.asked == []


def test_a_link_in_a_circle_beside_a_file_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "loop.gguf").symlink_to(tmp_path / "loop.gguf")
    (tmp_path / "model.gguf").write_bytes(gguf({"general.architecture": "llama"}))
    assert read_headers(tmp_path / "model.gguf").format == "gguf"
