"""llama.cpp through a stand-in that speaks as llama-server does: answers, refusals, failures."""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.core.machine import Gpu
from freehold.engines import base, llamacpp
from freehold.engines.base import ENGINES, Running, start
from freehold.engines.hosting import llama_text
from freehold.engines.hosting.llama_cutting import count, shortened
from freehold.engines.hosting.loop import each, wait
from freehold.tasks.text_generation import Message, Piece, Request, Result
from tests.engines.stubs import job, stub, tiny
from tests.engines.test_hosting import gone
from tests.waiting import LONG

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")
ANSWER = "Blue, because it scatters." + "." * 80
CHAT = Request(messages=(Message("user", "Why?"),), seed=7)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Engine":
    return Engine(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stand-in with a context of 100 that behaves well, for the tests that only ask."""
    with pytest.MonkeyPatch.context() as patch:
        usual = Engine(tmp_path_factory.mktemp("usual"), patch)
        with usual(context=100, answer=ANSWER) as running:
            yield running


class Engine:
    """Starts llama.cpp as a stand-in that behaves as it is told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.model = tiny(folder)
        self.layers: int | None = None

    def __call__(self, context: int = 256, patience: float = LONG, **behavior: object) -> Running:
        llamacpp.cards.cache_clear()
        self.monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(self.folder, **behavior)))
        return start(
            ENGINES.get("llama.cpp"), job(self.model, context, gpu_layers=self.layers), patience
        )


def asked(running: Running, request: Request = CHAT) -> tuple[list[Piece], Result]:
    *pieces, result = running.ask(request)
    return pieces, result


def test_a_chat_is_answered_piece_by_piece_with_its_seed_and_what_it_took(engine: Engine) -> None:
    with engine(loads=0.2) as running:
        pieces, result = asked(running)
        assert running.version == "b9999-stub"
        assert running.load_seconds >= 0.2
    assert "".join(piece.text for piece in pieces) == result.text == "Blue, because it scatters."
    assert (result.finish, result.seed) == ("stop", 7)
    assert (result.spent.prompt, result.spent.generated) == (len("user:Why?\n"), 26)
    assert result.times.prompt == 0.02
    assert result.times.decode_speed == pytest.approx(100.0)


def test_everything_that_decides_about_memory_is_said_to_the_server(engine: Engine) -> None:
    with engine(context=512) as running:
        words = wait(running.wire.get("/props"))["argv"]
    said = dict(pairwise(words))
    assert said["--ctx-size"] == "512"
    assert said["--cache-type-k"] == said["--cache-type-v"] == "f16"
    assert said["--fit"] == "off"
    assert "--offline" in words
    assert "--cache-ram" not in words  # this server's help does not know it


def test_the_key_is_random_and_stands_in_no_command_line(engine: Engine) -> None:
    with engine() as first, engine() as second:
        keys = {one.wire._headers["Authorization"] for one in (first, second)}
        assert len(keys) == 2
        words = (
            Path(f"/proc/{first.process.number}/cmdline").read_text()
            if sys.platform == "linux"
            else ""
        )
        assert not [key for key in keys if key.split()[1] in words]
        first.wire._headers["Authorization"] = "Bearer guessed"
        with pytest.raises(EnvironmentProblem, match="Invalid API Key"):
            asked(first)


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(usual: Running) -> None:
    with pytest.raises(UsageError, match="the prompt has 505 tokens and the context holds 100"):
        asked(usual, Request(text="x" * 505))
    asked(usual)  # and the next one is answered


@pytest.mark.parametrize(
    ("place", "left"), [("start", "fghij"), ("middle", "abhij"), ("end", "abcde")]
)
def test_a_cut_prompt_says_what_was_cut_and_from_where(
    usual: Running, place: str, left: str
) -> None:
    request = Request(text="abcdefghij", max_tokens=95, truncate=place)  # type: ignore[arg-type]
    cut, _ = wait(shortened(usual.wire, request, 100))
    _, result = asked(usual, request)
    assert cut.text == left
    assert result.cut is not None
    assert (result.cut.where, result.cut.tokens, result.cut.total) == (place, 5, 10)
    assert result.finish == "context"
    assert result.notes == ("the context of 100 tokens is full",)


def test_in_a_chat_the_longest_turn_is_cut(usual: Running) -> None:
    turns = (Message("system", "Be brief."), Message("user", "x" * 300))
    request = Request(messages=turns, max_tokens=20, truncate="start")
    cut, said = wait(shortened(usual.wire, request, 100))
    assert wait(count(usual.wire, cut)) <= 80
    assert cut.messages[0] == turns[0]
    assert said is not None
    assert said.tokens == 300 - len(cut.messages[1].content)


def test_a_prompt_that_fits_is_not_cut(usual: Running) -> None:
    _, result = asked(usual, Request(text="short", truncate="middle"))
    assert result.cut is None


def test_every_wish_reaches_the_server_in_its_own_words(usual: Running) -> None:
    schema = {"type": "object"}
    request = Request(
        messages=CHAT.messages,
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        stop=("END",),
        schema=schema,
    )
    path, body = llama_text.asked(request, 3)
    echo = next(event["echo"] for event in each(usual.wire.stream(path, body)) if "echo" in event)
    assert path == "/v1/chat/completions"
    assert (echo["max_tokens"], echo["temperature"], echo["top_p"]) == (5, 0.5, 0.9)
    assert (echo["stop"], echo["seed"]) == (["END"], 3)
    assert echo["response_format"]["json_schema"]["schema"] == schema


def test_a_schema_for_a_text_that_is_continued_is_refused_not_dropped(usual: Running) -> None:
    with pytest.raises(UsageError, match="JSON schema in a chat only"):
        asked(usual, Request(text="x", schema={"type": "object"}))


def test_a_server_that_ends_at_its_start_says_why(engine: Engine) -> None:
    with pytest.raises(EnvironmentProblem) as error:
        engine(starts=False)
    assert "ended with code 1 while it was loading" in str(error.value)
    assert "a wrong magic" in str(error.value)


def test_a_server_that_dies_in_the_middle_says_why_and_the_next_one_runs(engine: Engine) -> None:
    with engine(crashes_after=5) as running:
        with pytest.raises(EnvironmentProblem, match=r"in the middle of an answer: .*out of pages"):
            asked(running)
        assert gone(running.process.number)
    with engine() as running:
        assert asked(running)[1].finish == "stop"


def test_an_answer_without_an_end_is_no_answer(engine: Engine) -> None:
    engine.monkeypatch.setattr(base, "DYING", 0.2)
    with (
        engine(stops_short=True) as running,
        pytest.raises(EnvironmentProblem, match="does not answer: the answer ended in the middle"),
    ):
        asked(running)


def test_a_server_that_hangs_is_given_up(engine: Engine) -> None:
    engine.monkeypatch.setattr(base, "DYING", 0.2)
    with engine(answers=0) as running:
        running.wire.patience = 0.2
        with pytest.raises(EnvironmentProblem, match="does not answer: no answer for 0 seconds"):
            asked(running)


def test_a_server_that_never_gets_ready_is_ended(engine: Engine) -> None:
    with pytest.raises(EnvironmentProblem, match="was not ready after 0 seconds"):
        engine(loads=60, patience=0.3)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a graphics card."""
    from freehold.core.machine import probe

    with_card = replace(probe(), gpus=(Gpu("Card 9000", 2**34),))
    monkeypatch.setattr("freehold.engines.llamacpp.probe", lambda: with_card)


@pytest.mark.usefixtures("card")
def test_a_card_that_this_build_cannot_use_is_said_not_passed_over(engine: Engine) -> None:
    with engine() as running:
        assert "computes on the processor" in running.notes[0]
        assert "Card 9000" in running.notes[0]
    engine.layers = 5
    with pytest.raises(EnvironmentProblem, match="no layer can be on a card"):
        engine()
    engine.layers = 0
    with engine() as running:
        assert running.notes == ()


@pytest.mark.usefixtures("card")
def test_a_card_that_can_be_used_takes_all_layers(engine: Engine) -> None:
    with engine(device="CUDA0: Card 9000 (16384 MiB, 16000 MiB free)") as running:
        assert running.notes == ()
        words = wait(running.wire.get("/props"))["argv"]
    assert words[words.index("--n-gpu-layers") + 1] == "999"


def test_a_card_that_cannot_be_used_after_all_is_an_error_not_a_slow_answer(
    engine: Engine,
) -> None:
    engine.layers = 5
    lost = "warning: no usable GPU found, --gpu-layers option will be ignored"
    with pytest.raises(EnvironmentProblem, match="cannot use CUDA0") as wrong:
        engine(device="CUDA0: Card (8000 MiB)", says=lost)
    assert "--gpu-layers 0" in str(wrong.value.hint)


def test_a_variable_that_names_no_program_is_an_error_not_a_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(tmp_path / "nothing"))
    with pytest.raises(EnvironmentProblem, match=r"FREEHOLD_LLAMA_SERVER names .*nothing"):
        ENGINES.get("llama.cpp").find()


def test_a_server_on_the_path_comes_before_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = stub(tmp_path)
    monkeypatch.setenv("PATH", str(program.parent))
    found = ENGINES.get("llama.cpp").find()
    assert found is not None
    assert (found.how, found.at) == ("program", program)


def test_without_any_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("freehold.engines.base.importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("freehold.core.registry.find_spec", lambda name: None)
    from freehold.engines.llamacpp import Engine as LlamaCpp

    with pytest.raises(EnvironmentProblem) as error:
        start(LlamaCpp(), job(tmp_path / "m.gguf"))
    assert error.value.hint == "freehold runtime install llama.cpp"
    assert json.dumps(str(error.value)) == '"llama.cpp is not installed here"'
