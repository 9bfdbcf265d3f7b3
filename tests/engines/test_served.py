"""vLLM, SGLang and transformers serve are started in the jail, told everything, and asked.

Their programs are stand-ins with the same words, which listen on the socket that they are given.
"""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import UsageError
from freehold.engines.base import ENGINES, Job, Running, start
from freehold.engines.hosting.loop import wait
from freehold.engines.transformers_serve import configuration
from freehold.judge.fitting.parts import Setting
from freehold.tasks import text_ranking as ranks
from freehold.tasks.text_generation import Message, Request, Result, Tool
from tests.engines.stub_served import ANSWER
from tests.waiting import LONG, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="engines need Linux or macOS")
SERVES = """
import json, socketserver, sys
from stub_served import Handler

class Told(Handler):
    def do_GET(self):
        self.whole(200, {"words": sys.argv[1:]})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sys.stderr.write(json.dumps(body) + "\\n")
        sys.stderr.flush()
        self.server.behavior = {}
        paths = {"/v1/rerank": self.ranks, "/v1/completions": self.text}
        paths.get(self.path, self.chat)(body)
    def address_string(self):
        return ""

def serve(socket):
    with socketserver.ThreadingUnixStreamServer(socket, Told) as server:
        server.serve_forever()
"""
UVICORN = """
class Config:
    def __init__(self, app, host="127.0.0.1", port=8000, uds=None):
        self.uds = uds

def run(app, **named):
    from serves import serve
    serve(Config(app, **named).uds)
"""
MODULES = {
    "serves.py": SERVES,
    "uvicorn.py": UVICORN,
    "fastapi.py": "",
    "sglang/__init__.py": "",
    "sglang/cli/__init__.py": "",
    "sglang/cli/main.py": "import uvicorn\ndef main(): uvicorn.run(None, port=30000)\n",
    "transformers/__init__.py": "",
    "transformers/cli/__init__.py": "",
    "transformers/cli/transformers.py": "import uvicorn\ndef main(): uvicorn.run(None)\n",
}
VLLM = "import sys\nfrom serves import serve\nserve(sys.argv[sys.argv.index('--uds') + 1])\n"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Python of their own with the stand-ins in it, and their programs."""
    runtimes = tmp_path_factory.mktemp("runtimes")
    at = runtimes / "transformers-serve"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(at)), check=True)
    (place,) = at.glob("lib/python*/site-packages")
    stub = Path(__file__).with_name("stub_served.py").read_text()
    for name, text in {**MODULES, "stub_served.py": stub}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    for name, text in {"vllm": VLLM, "sglang": ""}.items():
        program = at / "bin" / name
        program.write_text(f"#!{at}/bin/python\n{text}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    packages = {"fastapi": "1", "transformers": "5"}
    (at / "freehold.json").write_text(json.dumps({"packages": packages}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FREEHOLD_RUNTIMES", str(runtimes))
        patch.setenv("FREEHOLD_VLLM", str(at / "bin" / "vllm"))
        patch.setenv("FREEHOLD_SGLANG", str(at / "bin" / "sglang"))
        patch.setattr("freehold.engines.base.importlib.util.find_spec", lambda name: None)
        yield at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in the layout of Transformers, as far as it is looked at."""
    (tmp_path / "config.json").write_text(json.dumps({"eos_token_id": 2, "vocab_size": 9}))
    own = {"temperature": 0.6, "do_sample": True, "transformers_version": "5"}
    (tmp_path / "generation_config.json").write_text(json.dumps(own))
    return tmp_path


def begun(name: str, folder: Path, task: str = "text-generation", **more: Any) -> Running:
    setting = Setting(context=512, parallel=3)
    job = Job(model=folder, task=task, setting=setting, precision="bf16", threads=1, **more)
    return start(ENGINES.get(name), job, LONG)


def asked(running: Running, **more: Any) -> tuple[Result, dict[str, Any]]:
    """The result for a short chat, and what the server was told."""
    turns = {} if "text" in more else {"messages": (Message("user", "Why?"),)}
    *_, result = running.ask(Request(**{**turns, **more}))
    body = json.loads(_heard(running))
    return result, body


def _heard(running: Running) -> str:
    """The last body that the server printed; it may still be on its way."""
    bodies: list[str] = []

    def came() -> bool:
        lines: list[str] = list(running.process._lines)  # type: ignore[union-attr]
        bodies.extend(line for line in lines if line[:1] == "{")
        return bool(bodies)

    until(came, "what the server prints")
    return bodies[-1]


ALL = ("vllm", "sglang", "transformers-serve")


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("name", ALL)
def test_each_is_started_on_a_socket_and_asked(folder: Path, name: str) -> None:
    with begun(name, folder) as running:
        words = wait(running.wire.get("/words"))["words"]
        result, body = asked(running, max_tokens=50, seed=4)
        assert {"privileges"} <= set(running.process.held)
        assert asked(running, text="x")[0].text == ANSWER
    assert (result.text, result.seed, body["seed"]) == (ANSWER, 4, 4)
    told = dict(pairwise(words))
    assert told["--dtype"] == "bfloat16"
    assert str(folder) in words
    if name != "transformers-serve":
        assert body["model"] == "model"
        assert "512" in words
        assert "3" in words
        assert any("loopback device" in note for note in running.notes)


@pytest.mark.usefixtures("runtime")
def test_vllm_and_sglang_sort_documents(folder: Path) -> None:
    for name in ("vllm", "sglang"):
        with begun(name, folder, "text-ranking") as running:
            (result,) = running.ask(ranks.Request(query="a", documents=("b", "bbb", "bb"), top=2))
        assert [ranked.index for ranked in result.ranked] == [1, 2]
        assert result.tokens == 3


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("name", ALL)
def test_what_comes_on_top_of_a_model_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="takes no adapters"):
        begun(name, folder, adapters=(folder / "lora",))


@pytest.mark.usefixtures("runtime")
def test_transformers_serve_is_told_in_one_configuration_what_it_would_drop(folder: Path) -> None:
    with begun("transformers-serve", folder) as running:
        _, body = asked(running, temperature=0.7, top_k=5, thinking=False, max_tokens=9)
        with pytest.raises(UsageError, match="does not honor likely"):
            asked(running, likely=1)
    told = json.loads(body["generation_config"])
    assert told == {
        **{"eos_token_id": 2, "temperature": 0.7, "top_k": 5, "do_sample": True},
        "max_new_tokens": 9,
    }
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert not {"temperature", "top_k", "stream_options"} & set(body)


def test_a_configuration_takes_what_the_model_says_unless_something_else_is_wanted(
    folder: Path,
) -> None:
    usual = {"eos_token_id": 2, "temperature": 0.6, "do_sample": True, "max_new_tokens": 1024}
    assert configuration(folder, Request()) == usual
    greedy = configuration(folder, Request(temperature=0.0, top_p=0.5, ignore_end=True))
    assert greedy == {**usual, "do_sample": False, "eos_token_id": None}
    assert configuration(folder / "nothing", Request(max_tokens=1)) == {"max_new_tokens": 1}


@pytest.mark.usefixtures("runtime")
def test_tools_go_to_the_one_that_reads_calls(folder: Path) -> None:
    with begun("transformers-serve", folder) as running:
        result, _ = asked(running, tools=(Tool("weather"),))
        assert result.calls[0].name == "weather"
    with begun("vllm", folder) as running, pytest.raises(UsageError, match="honor tools"):
        asked(running, tools=(Tool("weather"),))
