"""Headers are read from a server in few requests, however the server behaves."""

import gzip
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from freehold.core.errors import BrokenInput, EnvironmentProblem, NotAllowed, NotFound
from freehold.formats.gguf import read_gguf
from freehold.formats.safetensors import read_safetensors
from freehold.sources import remote
from freehold.sources.remote import RemoteFile
from tests.formats.layouts import Info, gguf, safetensors, tensor
from tests.sources.hub import Handler, Hub, running

WORDS = ["a" * (n % 30) for n in range(60_000)]
GGUF = gguf(
    {"general.name": "Lama", "tokenizer.words": WORDS, "tokenizer.scores": [1] * 300_000},
    infos=[Info("output.weight", [1024, 1024])],
)  # fmt: skip
SHORT = gguf({"general.name": "Lama"}, infos=[Info("output.weight", [8, 8])])


@pytest.fixture
def server() -> Iterator[Hub]:
    with running() as hub:
        hub.files = {"lama.gguf": GGUF, "short.gguf": SHORT}
        yield hub


def at(server: Hub, name: str = "lama.gguf") -> RemoteFile:
    return RemoteFile(f"{server.url}/cdn/{name}", sleep=lambda _: None)


def name_of(file: RemoteFile) -> str | None:
    with file:
        return read_gguf(file).text("general.name")


def ranges(server: Hub) -> list[tuple[int, int]]:
    """First and last byte of each part that was asked for."""
    told = [h["range"].removeprefix("bytes=").split("-") for _, h in server.asked]
    return [(int(first), int(last)) for first, last in told]


def moved(tensors: int) -> bytes:
    rows = {f"layer.{n}": tensor("U8", [100], n * 100, n * 100 + 100) for n in range(tensors)}
    return safetensors(rows, b"\1" * (100 * tensors))


@pytest.mark.parametrize(("tensors", "requests"), [(1, 1), (1_000, 1), (2_000, 2), (50_000, 2)])
def test_safetensors_take_at_most_two_requests(server: Hub, tensors: int, requests: int) -> None:
    server.files["model.safetensors"] = moved(tensors)
    with at(server, "model.safetensors") as file:
        assert read_safetensors(file).tensors == tensors
    assert (len(server.asked), file.requests) == (requests, requests)


def test_of_safetensors_nothing_behind_the_header_is_fetched(server: Hub) -> None:
    server.files["model.safetensors"] = moved(2_000)
    with at(server, "model.safetensors") as file:
        read_safetensors(file)
    assert file.fetched == len(server.files["model.safetensors"]) - 200_000


def test_gguf_grows_from_64_kb_and_no_byte_comes_twice(server: Hub) -> None:
    with at(server) as file:
        found = read_gguf(file)
    assert found.tensor_list[0].size == 4 * 2**20
    assert ranges(server)[0] == (0, 2**16 - 1)
    assert all(one[1] < other[0] for one, other in pairwise(ranges(server)))
    assert len(server.asked) <= 6


def test_numbers_that_are_passed_over_are_not_fetched(server: Hub) -> None:
    with at(server) as file:
        read_gguf(file)
    assert file.fetched < len(GGUF) - 4 * 2**20 - 300_000


def test_requests_ask_for_plain_bytes(server: Hub) -> None:
    name_of(at(server))
    assert {h["accept-encoding"] for _, h in server.asked} == {"identity"}


def test_a_redirect_is_followed_once_and_the_token_stays(server: Hub) -> None:
    with running() as other:
        other.files = server.files
        server.acts["/lama.gguf"] = [lambda h: h.go(f"{other.url}/cdn/lama.gguf?signed=1")]
        file = RemoteFile(f"{server.url}/x/lama.gguf", token="hf_secret")
        assert name_of(file) == "Lama"
        assert len(server.asked) == 1
        assert len(other.asked) > 1
        assert not any("authorization" in headers for _, headers in other.asked)


def test_a_signed_address_that_is_over_is_asked_for_anew(server: Hub) -> None:
    with running() as other:
        other.files = server.files
        go: Callable[[Handler], None] = lambda h: h.go(f"{other.url}/cdn/lama.gguf")  # noqa: E731
        server.acts["/lama.gguf"] = [go, go]
        other.acts["/lama.gguf"] = [lambda h: h.data(GGUF), lambda h: h.send(403, b"")]
        assert name_of(RemoteFile(f"{server.url}/x/lama.gguf")) == "Lama"
        assert len(server.asked) == 2


def test_a_server_without_parts_is_asked_once_and_left_early(server: Hub) -> None:
    server.ranges = False
    server.files["lama.gguf"] = GGUF + b"\0" * 100
    with at(server) as file:
        assert read_gguf(file).text("general.name") == "Lama"
    assert len(server.asked) == 1
    assert file.fetched < len(GGUF) - 2 * 2**20


def test_a_whole_body_of_unknown_length_is_read_too(server: Hub) -> None:
    def whole(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(SHORT)
        handler.close_connection = True

    server.acts["/short.gguf"] = [whole]
    assert name_of(at(server, "short.gguf")) == "Lama"


def test_a_body_that_breaks_off_between_parts_is_an_error(server: Hub) -> None:
    server.acts["/lama.gguf"] = [lambda h: h.send(200, GGUF[:100_000], length=len(GGUF))]
    with pytest.raises((EnvironmentProblem, BrokenInput), match=r"ends|breaks"):
        name_of(at(server))


def test_a_file_smaller_than_the_first_part_is_fine(server: Hub) -> None:
    assert name_of(at(server, "short.gguf")) == "Lama"


def test_an_empty_file_is_refused(server: Hub) -> None:
    server.acts["/short.gguf"] = [lambda h: h.send(416, b"", {"Content-Range": "bytes */0"})]
    with pytest.raises(BrokenInput, match="is empty"):
        name_of(at(server, "short.gguf"))


def test_an_empty_answer_is_refused(server: Hub) -> None:
    server.acts["/short.gguf"] = [lambda h: h.send(200, b"")]
    with pytest.raises(BrokenInput, match="ends after 0 bytes"):
        name_of(at(server, "short.gguf"))


def test_a_server_that_refuses_parts_beyond_the_end_is_asked_for_less(server: Hub) -> None:
    span = {"Content-Range": f"bytes */{len(SHORT)}"}
    server.acts["/short.gguf"] = [lambda h: h.send(416, b"", span)]
    assert name_of(at(server, "short.gguf")) == "Lama"
    assert ranges(server)[1] == (0, len(SHORT) - 1)


def test_a_part_that_is_not_there_any_more_is_refused(server: Hub) -> None:
    server.acts["/lama.gguf"] = [lambda h: h.data(GGUF), lambda h: h.send(416, b"")]
    with pytest.raises(BrokenInput, match="416"):
        name_of(at(server))


def test_packed_answers_are_refused(server: Hub) -> None:
    packed = gzip.compress(SHORT)
    server.acts["/short.gguf"] = [lambda h: h.send(200, packed, {"Content-Encoding": "gzip"})]
    with pytest.raises(BrokenInput, match="comes packed"):
        name_of(at(server, "short.gguf"))


@pytest.mark.parametrize("span", ["bytes 5-10/100", "bytes 0-9", "words 0-9/10", ""])
def test_another_part_than_asked_for_is_refused(server: Hub, span: str) -> None:
    server.acts["/lama.gguf"] = [lambda h: h.send(206, GGUF[:10], {"Content-Range": span})]
    with pytest.raises(BrokenInput, match="another part"):
        name_of(at(server))


def test_parts_that_are_shorter_than_asked_for_are_put_together(server: Hub) -> None:
    def little(handler: Handler) -> None:
        start = int(handler.headers["Range"].removeprefix("bytes=").split("-")[0])
        piece = GGUF[start : start + 10_000]
        span = f"bytes {start}-{start + len(piece) - 1}/{len(GGUF)}"
        handler.send(206, piece, {"Content-Range": span})

    server.acts["/lama.gguf"] = [little] * 3
    assert name_of(at(server)) == "Lama"
    assert [first for first, _ in ranges(server)[:4]] == [0, 10_000, 20_000, 30_000]


def test_a_part_without_end_of_a_file_of_unknown_size_is_read(server: Hub) -> None:
    span = {"Content-Range": f"bytes 0-{len(SHORT) - 1}/*"}
    server.acts["/short.gguf"] = [lambda h: h.send(206, SHORT, span)]
    assert name_of(at(server, "short.gguf")) == "Lama"


def test_a_body_that_breaks_off_is_asked_for_again(server: Hub) -> None:
    span = {"Content-Range": f"bytes 0-{2**16 - 1}/{len(GGUF)}"}
    server.acts["/lama.gguf"] = [lambda h: h.send(206, GGUF[:999], span, length=2**16)]
    assert name_of(at(server)) == "Lama"


def test_a_busy_server_is_waited_for_as_it_asks(server: Hub) -> None:
    slept: list[float] = []
    server.acts["/lama.gguf"] = [
        lambda h: h.send(429, b"", {"Retry-After": "3"}),
        lambda h: h.send(503, b""),
    ]
    file = RemoteFile(f"{server.url}/cdn/lama.gguf", sleep=slept.append)
    assert name_of(file) == "Lama"
    assert slept == [3.0, 2.0]


def test_a_file_that_changes_while_it_is_read_is_refused(server: Hub) -> None:
    server.acts["/lama.gguf"] = [lambda h: h.data(GGUF), lambda h: h.data(GGUF + b"x")]
    with pytest.raises(BrokenInput, match="another file than a moment ago"):
        name_of(at(server))


def test_a_size_other_than_the_list_said_is_refused(server: Hub) -> None:
    file = RemoteFile(f"{server.url}/cdn/lama.gguf", size=len(GGUF) - 1)
    with pytest.raises(BrokenInput, match="or than was listed"):
        name_of(file)


def test_a_header_without_end_is_left_in_time(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MOST", 300_000)
    with pytest.raises(BrokenInput, match="more than 300,000 bytes of it are not fetched"):
        name_of(at(server))
    assert sum(last - first + 1 for first, last in ranges(server)) <= 300_000


def test_a_file_that_is_cut_off_is_refused_without_reading_to_its_end(server: Hub) -> None:
    server.files["lama.gguf"] = GGUF[:-1]
    with pytest.raises(BrokenInput, match="cut off"):
        name_of(at(server))


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (403, NotAllowed)])
def test_refusals_are_told(server: Hub, status: int, kind: type[Exception]) -> None:
    server.acts["/lama.gguf"] = [lambda h: h.send(status, b"")]
    with pytest.raises(kind):
        name_of(at(server))
