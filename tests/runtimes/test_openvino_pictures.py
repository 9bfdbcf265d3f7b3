"""Models that see or paint, converted for OpenVINO, against the libraries called directly."""

import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.convert_model import ConvertedModel, convert_model
from freehold.actions.local_model import find
from freehold.actions.run import run
from freehold.core import paths
from freehold.core.errors import BrokenInput, Contradiction, UsageError
from freehold.engines.base import ENGINES, Found, Job, Running, built_with, start
from freehold.engines.hosting.loop import wait
from freehold.judge.fitting.parts import Setting
from freehold.tasks import text_to_image as images
from freehold.tasks.base import File, Progress
from freehold.tasks.text_generation import Message, Request, Result, Role
from tests.runtimes.making import made, pixels

pytestmark = pytest.mark.runtime
Make = Callable[..., ConvertedModel]
HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "src"
SAME: dict[str, Any] = {"prompt": "a red fox", "steps": 3, "seed": 7}
SIZE: dict[str, Any] = {"width": 32, "height": 32}
PAINTERS = ("sd", "sdxl", "sd3", "schnell")


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Converts a tiny model of one kind; each once."""
    runtime = paths.runtimes() / "converting"
    if built_with(runtime) is None:
        pytest.skip("the runtime converting is not here")
    folder, done = tmp_path_factory.mktemp("pictures"), dict[str, ConvertedModel]()

    def converted(name: str, precision: str = "f32") -> ConvertedModel:
        key = f"{name}-{precision}"
        if key not in done:
            if name in PAINTERS and not any(runtime.glob("lib/*/site-packages/diffusers")):
                pytest.skip("the runtime converting was built before diffusers was on its list")
            task = "text-to-image" if name in PAINTERS else "text-generation"
            done[key] = convert_model(
                source(name), folder / key, to="openvino", precision=precision, task=task
            )
        return done[key]

    return converted


def source(name: str) -> Path:
    """The model before it is converted, with what the library says or paints beside it."""
    python = Found("runtime", paths.runtimes() / "converting" / "bin" / "python")
    script = "tiny_painters.py" if name in PAINTERS[:3] else "tiny_openvino.py"
    return made(python, script, name) / name


def directly(*words: str | Path) -> str:
    """What `openvino_reference.py` prints."""
    python = paths.runtimes() / "openvino" / "bin" / "python"
    script = str(HERE / "openvino_reference.py")
    told = [str(python), "-I", "-B", script, *map(str, words)]
    done = subprocess.run(told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def begun(model: ConvertedModel, context: int = 256, **more: Any) -> Running:
    engine = ENGINES.get("openvino")
    if engine.find() is None:
        pytest.skip("the runtime of openvino is not here")
    setting = Setting(context=context, **more.pop("setting", {}))
    job = Job(model=Path(model.path), task=model.task, setting=setting, threads=1, **more)
    return start(engine, job, patience=300)


@pytest.fixture(scope="module")
def llava(make: Make) -> Iterator[Running]:
    """OpenVINO with the tiny LLaVA in F32."""
    with begun(make("llava")) as running:
        yield running


@pytest.fixture(scope="module")
def sd(make: Make) -> Iterator[Running]:
    """OpenVINO with the tiny Stable Diffusion in F32."""
    with begun(make("sd")) as running:
        yield running


Turn = tuple[Role, str, tuple[int, ...]]
CHATS: dict[str, tuple[Turn, ...]] = {
    "one": (("user", "the quick brown fox", (0,)),),
    "two": (("user", "the quick brown fox", (0, 1)),),
    "talk": (
        ("user", "the quick brown fox", (0,)),
        ("assistant", "it sleeps", ()),
        ("user", "a lazy dog", (1,)),
    ),
    "blind": (("user", "the quick brown fox", ()),),
}


def chat(name: str, folder: Path) -> tuple[Message, ...]:
    """One of the chats that `tiny_openvino.py` has, with the pictures in this folder."""
    return tuple(
        Message(
            role, text, tuple(File(folder / f"picture-{number}.png", "image") for number in shown)
        )
        for role, text, shown in CHATS[name]
    )


def asked(running: Running, **more: Any) -> Result:
    wishes = {"max_tokens": 12, "temperature": 0.0, "ignore_end": True, **more}
    *pieces, result = running.ask(Request(**wishes))
    assert isinstance(result, Result)
    assert "".join(piece.text for piece in pieces) == result.text
    return result


def said(name: str) -> Any:
    return json.loads((source(name) / "expected.json").read_text())


@pytest.mark.parametrize("about", list(CHATS))
def test_of_pictures_it_says_what_transformers_says(llava: Running, about: str) -> None:
    wanted = said("llava")[about]
    found = asked(llava, messages=chat(about, source("llava")))
    assert found.text == wanted["text"]
    assert (found.spent.prompt, found.spent.generated) == (wanted["count"], 12)
    assert (found.finish, found.notes) == ("length", ())


def test_it_says_what_the_pipeline_says_when_it_is_called_directly(
    llava: Running, make: Make
) -> None:
    wanted, folder = said("llava")["one"], source("llava")
    bare = wanted["prompt"].removeprefix("<s>").replace("<image>\n", "<image>")
    text = directly("sees", make("llava").path, bare, folder / "picture-0.png", "12")
    assert asked(llava, messages=chat("one", folder)).text == json.loads(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llava_next", "gemma3", "qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_other_models_that_see_say_what_transformers_says(make: Make, name: str) -> None:
    model, chats = make(name), ("one", "blind") if name == "llava_next" else tuple(CHATS)
    with begun(model) as running:
        found = {about: asked(running, messages=chat(about, source(name))) for about in chats}
        if name == "llava_next":
            with pytest.raises(UsageError, match="takes one picture for llava_next"):
                asked(running, messages=chat("two", source(name)))
    wanted = {about: (said(name)[about]["text"], said(name)[about]["count"]) for about in chats}
    assert {about: (one.text, one.spent.prompt) for about, one in found.items()} == wanted
    assert bool(model.notes) == name.startswith("qwen")


def test_a_model_that_sees_is_run_by_its_folder_alone(make: Make) -> None:
    folder, picture = Path(make("llava").path), source("llava") / "picture-0.png"
    there = find(folder)
    assert (there.format, there.tasks[0], there.chat_template) == (
        "openvino", "text-generation", True,
    )  # fmt: skip
    answer = run(folder, "the quick brown fox", picture, max_tokens=12, temperature=0.0)
    assert answer.measured.engine == "openvino"
    assert answer.text == said("llava")["one"]["text"]


def test_several_pictures_at_once_are_answered_each_as_if_alone(make: Make) -> None:
    folder = source("llava")
    wishes = [
        {"messages": chat(name, folder), "temperature": 1.2 * (n % 2), "seed": n}
        for n, name in enumerate(("one", "two", "talk", "blind", "one"))
    ]
    with begun(make("llava"), setting={"parallel": 3}) as running:
        alone = [asked(running, **wish).text for wish in wishes]
        with ThreadPoolExecutor(len(wishes)) as pool:
            together = list(pool.map(lambda wish: asked(running, **wish).text, wishes))
    assert together == alone


def test_a_prompt_too_long_with_or_without_its_pictures_is_refused_with_both_numbers(
    make: Make,
) -> None:
    folder = source("llava")
    long = "the quick brown fox " * 3
    with begun(make("llava"), context=64) as running:
        with pytest.raises(UsageError, match=r"the prompt has \d+ tokens and the context holds 64"):
            asked(running, messages=(Message("user", "fox " * 90),))
        many = chat("one", folder)[0].files * 20  # 5 tokens each; the text alone would fit
        with pytest.raises(UsageError, match=r"the prompt has 1\d\d tokens and the context holds"):
            asked(running, messages=(Message("user", long, many),))
        full = asked(running, messages=chat("one", folder), max_tokens=None)
    assert full.finish == "context"
    assert full.notes[-1] == "the context of 64 tokens is full"


def test_what_it_does_not_do_with_pictures_is_refused_by_name(
    llava: Running, tmp_path: Path
) -> None:
    folder, broken, sound = source("llava"), tmp_path / "a.png", tmp_path / "a.wav"
    broken.write_bytes((folder / "picture-0.png").read_bytes()[:300])
    sound.write_bytes(b"RIFF")
    for file, kind, why in ((broken, "image", "broken"), (sound, "audio", "sees pictures")):
        about = File(file, kind)  # type: ignore[arg-type]
        with pytest.raises((BrokenInput, UsageError), match=why):
            asked(llava, messages=(Message("user", "what?", (about,)),))
    with pytest.raises(UsageError, match="how likely"):
        asked(llava, messages=chat("one", folder), likely=2)
    with pytest.raises(UsageError, match="number of native vision tags must match"):
        asked(llava, messages=(Message("user", "a <image> in words"),))
    with pytest.raises(UsageError, match="does not count tokens of images"):
        wait(llava.engine.count(llava, Request(messages=chat("one", folder))))
    blind = Request(messages=chat("blind", folder))
    assert wait(llava.engine.count(llava, blind)) == said("llava")["blind"]["count"]
    assert asked(llava, messages=chat("one", folder)).text == said("llava")["one"]["text"]


def test_who_gives_up_on_a_picture_leaves_it_free(llava: Running) -> None:
    messages = chat("one", source("llava"))
    parts = llava.ask(Request(messages=messages, max_tokens=200, ignore_end=True))
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert asked(llava, messages=messages).text == said("llava")["one"]["text"]


def painted(running: Running, **words: Any) -> images.Result:
    """What comes last."""
    result = list(running.ask(images.Request(**(SAME | words))))[-1]
    assert isinstance(result, images.Result)
    return result


def apart(*files: Path) -> list[int]:
    """How far the images of each pair are apart, in steps of brightness out of 255."""
    found: list[int] = json.loads(directly("apart", *files))
    return found


def test_words_become_the_image_of_the_library_and_nearly_that_of_diffusers(
    sd: Running, make: Make, tmp_path: Path
) -> None:
    folder, there = Path(make("sd").path), tmp_path / "there.png"
    directly("paints", folder, SAME["prompt"], "3", "7", SOURCES, there)
    *steps, result = sd.ask(images.Request(**SAME, **SIZE))
    assert pixels(result.images[0].path) == pixels(there)
    assert apart(result.images[0].path, source("sd").with_suffix(".png")) == [1]
    assert [step.done for step in steps] == [0, 1, 2, 3, 4]  # its scheduler takes one twice
    assert (result.width, result.height, result.seed, result.work.count) == (32, 32, 7, 4)
    assert "nothing looks at the images" in result.notes[0]


def test_an_image_is_changed_nearly_as_diffusers_changes_it(sd: Running) -> None:
    beside = source("sd").parent
    start, mask = File(beside / "start.png", "image"), File(beside / "mask.png", "image")
    changed = painted(sd, image=start, strength=0.7).images[0].path
    within = painted(sd, image=start, mask=mask, strength=0.9).images[0].path
    wanted = (beside / "sd-changed.png", beside / "sd-within.png")
    assert apart(changed, wanted[0], within, wanted[1]) == [1, 1]
    larger = painted(sd, image=start, strength=0.7, width=48, height=32)
    assert (larger.width, larger.height) == (48, 32)
    assert "the image was resized from 32 x 32 pixels" in larger.notes


def test_what_is_said_changes_the_image(sd: Running) -> None:
    usual = pixels(painted(sd, **SIZE).images[0].path)
    for wish in ({"guidance": 2.0}, {"negative": "a dog"}, {"steps": 5}, {"seed": 8}):
        assert pixels(painted(sd, **SIZE, **wish).images[0].path) != usual
    assert pixels(painted(sd, **SIZE).images[0].path) == usual


def test_each_image_of_several_can_be_painted_again_alone(sd: Running) -> None:
    both, again = painted(sd, count=2, **SIZE), painted(sd, seed=8, **SIZE)
    assert pixels(both.images[1].path) == pixels(again.images[0].path)
    assert pixels(both.images[0].path) != pixels(again.images[0].path)
    assert both.notes[-1] == "each further image has the seed of the one before it plus 1"
    assert painted(sd, seed=None, **SIZE).seed != painted(sd, seed=None, **SIZE).seed


def test_giving_up_ends_the_work_at_the_next_step(sd: Running) -> None:
    parts = sd.ask(images.Request(prompt="a fox", steps=900, width=64, height=64))
    assert isinstance(next(parts), Progress)
    parts.close()  # type: ignore[attr-defined]
    assert painted(sd, **SIZE).images


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        ({"width": 33}, UsageError, "width 33: this model paints in steps of 2 pixels"),
        ({"prompt": "fox " * 40}, UsageError, "the prompt has 122 tokens, this model reads 77"),
        ({"strength": 0.5}, UsageError, "takes no strength without an image"),
        ({"negative": "a dog", "guidance": 1.0}, Contradiction, "only with guidance above 1"),
        ({"mask": "start.png"}, Contradiction, "a mask was given without the image"),
        ({"image": "empty.png"}, BrokenInput, "the image is empty"),
        ({"subjects": ("a dog",)}, UsageError, "does not paint several prompts"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_cannot_be_painted_as_asked_is_refused_by_name(
    sd: Running, words: dict[str, Any], kind: type[Exception], says: str
) -> None:
    beside = source("sd").parent
    (beside / "empty.png").write_bytes(b"")
    files = {k: File(beside / v, "image") for k, v in words.items() if k in ("image", "mask")}
    with pytest.raises(kind, match=says):
        painted(sd, **(words | files))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("sdxl", [1, 1, 6]), ("sd3", [1, 1])])
def test_other_painters_paint_nearly_as_in_diffusers(
    make: Make, name: str, most: list[int]
) -> None:
    beside = source(name).parent
    start, mask = File(beside / "start.png", "image"), File(beside / "mask.png", "image")
    wishes: list[dict[str, Any]] = [{**SIZE}, {"image": start, "strength": 0.7}]
    wishes += [{"image": start, "mask": mask, "strength": 0.9}] if len(most) > 2 else []
    wanted = [beside / f"{name}{more}.png" for more in ("", "-changed", "-within")]
    with begun(make(name)) as running:
        found = [painted(running, **wish).images[0].path for wish in wishes]
        pairs = zip(found, wanted, strict=False)
        distances = apart(*(path for pair in pairs for path in pair))
    assert all(far <= bound for far, bound in zip(distances, most, strict=True))


@pytest.mark.slow
def test_flux_paints_nearly_as_in_diffusers_and_refuses_what_it_would_pass_over(
    make: Make,
) -> None:
    picture = File(source("schnell").with_suffix(".png"), "image")
    with begun(make("schnell")) as running:
        path = painted(running, **SIZE).images[0].path
        assert apart(path, picture.path)[0] <= 1
        for words, says in (
            ({"guidance": 3.0}, "made to paint without guidance"),
            ({"negative": "a dog"}, "FluxPipeline takes no negative"),
            ({"width": 34}, "width 34: this model paints in steps of 4"),
        ):
            with pytest.raises(UsageError, match=says):
                painted(running, **(SIZE | words))
        changed = painted(running, image=picture, strength=0.7).images[0].path
        assert pixels(changed) != pixels(path)
        assert apart(painted(running, **SIZE).images[0].path, picture.path)[0] <= 1


def test_a_painter_is_run_by_its_folder_alone(make: Make, tmp_path: Path) -> None:
    folder, out = Path(make("sd").path), tmp_path / "fox.png"
    there = find(folder)
    assert (there.format, there.tasks) == ("openvino", ("text-to-image",))
    answer = run(folder, SAME["prompt"], out=out, steps=3, seed=7, **SIZE)
    assert answer.measured.engine == "openvino"
    assert apart(out, source("sd").with_suffix(".png")) == [1]
    told = json.loads((folder / "freehold-lineage.json").read_text())
    assert "unet/diffusion_pytorch_model.safetensors" in told["base"]["sha256"]
    assert "unet/openvino_model.bin" in told["files"]
    assert "diffusers" in told["tools"]
    assert not (folder / "safety_checker").exists()


@pytest.mark.slow
def test_narrow_weights_of_a_painter_are_smaller_and_paint_much_the_same(make: Make) -> None:
    whole, narrow = make("sd"), make("sd", "int8")
    part = "unet/openvino_model.bin"
    sizes = [(Path(model.path) / part).stat().st_size for model in (narrow, whole)]
    assert sizes[0] < 0.4 * sizes[1]
    with begun(narrow) as running:
        path = painted(running, **SIZE).images[0].path
        assert apart(path, source("sd").with_suffix(".png"))[0] < 128


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_narrow_weights_of_a_model_that_sees_still_answer(make: Make, precision: str) -> None:
    whole, narrow = make("llava"), make("llava", precision)
    part = "openvino_language_model.bin"
    sizes = [(Path(model.path) / part).stat().st_size for model in (narrow, whole)]
    assert sizes[0] < 0.4 * sizes[1]
    with begun(narrow) as running:
        assert asked(running, messages=chat("one", source("llava"))).spent.generated == 12
