"""`cost`: what is known is worked out, what is not is said, and the picture shows the same."""

import json
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from freehold.actions.cost import Cost, Own, Rent, cost, rented
from freehold.actions.cost_page import page
from freehold.actions.cost_svg import inside, picture
from freehold.core.errors import Contradiction, NotFound, UsageError
from freehold.judge.costing.offers import Terms
from freehold.judge.costing.work import Capacity, Rate, Volume
from freehold.knowledge.base import KnowledgeBase

TODAY = date(2026, 11, 27)
VOLUME = Volume(tokens_in=50e6, tokens_out=10e6)
SPEEDS = Capacity(prefill=Rate(600, 500, 700), decode=Rate(40, 35, 45), source="measured here")
MINE = Own(purchase=2500, resale=800, watts=250, idle_watts=60, kwh=0.30, capacity=SPEEDS)


@pytest.fixture
def answer(shipped: KnowledgeBase) -> Cost:
    """An own machine, a rented one, the open model on a host and two APIs."""
    return cost(
        VOLUME,
        compare=["gpt-4o", "claude-opus-5"],
        model="qwen3-32b",
        own=MINE,
        rent=Rent(name="h100", price=2.5, capacity=SPEEDS),
        today=TODAY,
        base=shipped,
    )


def test_every_way_to_pay_stands_beside_the_others(answer: Cost) -> None:
    months = {o.name: o.month.value for o in answer.options if o.month}
    assert list(months) == [
        "your machine",
        "rented h100",
        "qwen3-32b at DeepInfra",
        "gpt-4o",
        "claude-opus-5",
    ]
    assert months["gpt-4o"] == 50 * 2.5 + 10 * 10
    assert months["rented h100"] == 2.5 * 730
    hours = (50e6 / 600 + 10e6 / 40) / 3600
    power = (0.250 * hours + 0.060 * (730 - hours)) * 0.30
    assert months["your machine"] == pytest.approx(1700 / 36 + power)
    assert answer.cheapest
    assert answer.cheapest.name == "qwen3-32b at DeepInfra"


def test_break_even_is_given_for_each_machine_and_each_api(answer: Cost) -> None:
    found = {(m.site, m.against): m for m in answer.meetings}
    assert len(found) == 6
    assert found["your machine", "qwen3-32b at DeepInfra"].even is None
    even = found["your machine", "gpt-4o"]
    assert even.even
    assert even.low
    assert even.high
    assert even.low.times < even.even.times < even.high.times < 1


def test_without_a_speed_nothing_is_invented(shipped: KnowledgeBase) -> None:
    answer = cost(VOLUME, compare=["gpt-4o"], own=Own(purchase=2500), today=TODAY, base=shipped)
    mine = answer.options[0]
    assert mine.month is None
    assert "not known" in mine.notes[0]
    assert "--prefill-speed, --decode-speed" in mine.notes[0]
    assert answer.meetings == ()
    assert answer.form()["options"][0]["month"] is None


def test_what_is_left_out_is_said(shipped: KnowledgeBase) -> None:
    answer = cost(VOLUME, own=Own(capacity=SPEEDS), today=TODAY, base=shipped)
    said = "; ".join(answer.options[0].notes)
    assert "--purchase" in said
    assert "power is not counted" in said
    without_idle = Own(watts=200, kwh=0.3, capacity=SPEEDS)
    answer = cost(VOLUME, own=without_idle, today=TODAY, base=shipped)
    assert "--idle-watts" in "; ".join(answer.options[0].notes)


def test_more_machines_are_bought_when_one_is_not_enough(shipped: KnowledgeBase) -> None:
    ten = Volume(tokens_in=500e6, tokens_out=100e6)
    mine = cost(ten, own=MINE, today=TODAY, base=shipped).options[0]
    assert mine.machines
    assert mine.machines.value == 7
    assert mine.machines.low == 6
    assert mine.machines.high == 8
    assert mine.busy
    assert 0.17 < mine.busy <= 0.2


def test_old_prices_are_marked(shipped: KnowledgeBase) -> None:
    answer = cost(VOLUME, compare=["gpt-4o"], today=date(2027, 2, 19), base=shipped)
    assert answer.options[0].old
    assert "90 days" in " ".join(answer.notes)
    answer = cost(VOLUME, compare=["gpt-4o"], today=date(2027, 2, 18), base=shipped)
    assert not answer.options[0].old


def test_batch_and_repeated_input_make_an_api_cheaper(shipped: KnowledgeBase) -> None:
    def dollars(terms: Terms) -> float:
        answer = cost(VOLUME, compare=["gpt-4o"], terms=terms, today=TODAY, base=shipped)
        month = answer.options[0].month
        assert month
        return month.value

    assert dollars(Terms()) == 225
    assert dollars(Terms(batch=True)) == 112.5
    assert dollars(Terms(cached=0.8)) == pytest.approx(225 - 50 * 0.8 * 1.25)


def test_images_and_sound_have_their_own_units(shipped: KnowledgeBase) -> None:
    answer = cost(
        Volume(audio_minutes=5000), compare=["whisper-1", "gpt-4o"], today=TODAY, base=shipped
    )
    whisper, chat = answer.options
    assert whisper.month
    assert whisper.month.value == pytest.approx(30)
    assert chat.month is None
    assert "no price for each minute" in chat.notes[0]
    fast = Own(purchase=600, capacity=Capacity(audio=Rate.exactly(60)))
    mine = cost(Volume(audio_minutes=5000), own=fast, today=TODAY, base=shipped).options[0]
    assert mine.work
    assert mine.work.value == 5000


def test_the_name_of_a_family_brings_its_members(shipped: KnowledgeBase) -> None:
    answer = cost(VOLUME, compare=["gpt-4o", "gpt-4o", "claude"], today=TODAY, base=shipped)
    names = [o.name for o in answer.options]
    assert len(names) == len(set(names))
    assert "claude-opus-5" in names


def test_a_rented_machine_takes_its_price_from_ones_own_facts(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    (folder / "my-cloud.toml").write_text(
        'schema = 1\nprovider = "My Cloud"\n[sources.bill]\nby = "our bill"\n'
        'rank = "registry"\ntitle = "Bill"\nurl = "https://example.org/bill"\n'
        "checked = 2026-06-01\n"
        '[[prices]]\nmodel = "h100-sxm"\napi-name = "H100"\nunit = "gpu-hour"\ninput = 2.25\n'
        'source = "bill"\n'
    )
    base = KnowledgeBase(overlay=tmp_path)
    rent = rented("h100", base)
    assert base.problems == []
    assert (rent.price, rent.source) == (2.25, "My Cloud, our bill")
    answer = cost(VOLUME, rent=rent, today=TODAY, base=base)
    assert answer.options[0].old
    with pytest.raises(UsageError, match="no price list has a price"):
        rented("b200", base)


@pytest.mark.parametrize(
    ("volume", "own", "words"),
    [
        (Volume(), MINE, "nothing to compare"),
        (Volume(tokens_in=-1), MINE, "tokens in"),
        (Volume(tokens_in=float("inf")), MINE, "tokens in"),
        (Volume(images=1e16), MINE, "images"),
        (VOLUME, Own(purchase=-5), "purchase"),
        (VOLUME, Own(purchase=float("nan")), "purchase"),
        (VOLUME, Own(months=0), "months"),
        (VOLUME, Own(utilization=0), "utilization"),
        (VOLUME, Own(utilization=1.5), "utilization"),
        (VOLUME, Own(hours=1000), "hours"),
        (VOLUME, Own(pue=0.5), "PUE"),
        (VOLUME, Own(capacity=Capacity(decode=Rate(0, 0, 0))), "speed of writing"),
        (VOLUME, Own(capacity=Capacity(decode=Rate(5, 6, 7))), "speed of writing"),
        (VOLUME, None, "nothing to hold"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    shipped: KnowledgeBase, volume: Volume, own: Own | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        cost(volume, own=own, today=TODAY, base=shipped)


def test_contradictions_name_both_sides(shipped: KnowledgeBase) -> None:
    with pytest.raises(Contradiction, match="resale"):
        cost(VOLUME, own=Own(purchase=10, resale=20), today=TODAY, base=shipped)
    with pytest.raises(Contradiction, match="idle"):
        cost(VOLUME, own=Own(watts=10, idle_watts=20), today=TODAY, base=shipped)


def test_an_unknown_model_offers_the_nearest(shipped: KnowledgeBase) -> None:
    with pytest.raises(NotFound) as caught:
        cost(VOLUME, compare=["gpt-4oo"], today=TODAY, base=shipped)
    assert "gpt-4o" in caught.value.nearest


def test_the_json_form_holds_numbers_and_is_json(answer: Cost) -> None:
    form = json.loads(json.dumps(answer.form(), allow_nan=False))
    assert list(form) == ["model", "volume", "cheapest", "options", "break_even", "notes"]
    mine = form["options"][0]
    assert mine["kind"] == "own"
    assert mine["month"]["low"] < mine["month"]["value"] < mine["month"]["high"]
    assert mine["machines"] == {"value": 1, "low": 1, "high": 1}
    assert mine["per_million_tokens"]["value"] == pytest.approx(mine["month"]["value"] / 60)
    assert mine["joules_per_token"] == pytest.approx(mine["energy_kwh"] * 3.6e6 / 60e6)


def test_the_picture_is_xml_with_words_for_those_who_hear_it(answer: Cost) -> None:
    root = ElementTree.fromstring(picture(answer))
    space = "{http://www.w3.org/2000/svg}"
    title, desc = root.find(f"{space}title"), root.find(f"{space}desc")
    assert title is not None
    assert desc is not None
    assert "gpt-4o $225.00" in (desc.text or "")
    assert root.get("role") == "img"
    said = " ".join(root.itertext())
    for option in answer.options:
        assert f"{option.name}: $" in said
    assert not list(root.iter(f"{space}script"))
    dashes = [line.get("stroke-dasharray") for line in root.iter(f"{space}polyline")]
    assert len(set(dashes)) == len(answer.options)


def test_no_line_leaves_the_picture(answer: Cost) -> None:
    root = ElementTree.fromstring(picture(answer))
    for shape in root.iter():
        for pair in (shape.get("points") or "").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= 720
            assert 0 <= y <= 600


def test_a_line_ends_where_it_leaves_the_top() -> None:
    assert inside(((0, 0), (4, 8)), 4) == ((0, 0), (2, 4))
    assert inside(((0, 9), (4, 10)), 4) == ()
    assert inside(((0, 1), (4, 2)), 4) == ((0, 1), (4, 2))


class Seen(HTMLParser):
    """The elements, addresses and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_is_whole_in_itself(answer: Cost) -> None:
    seen = Seen(page(answer))
    assert {"svg", "table", "main", "title"} <= set(seen.tags)
    assert "script" not in seen.tags
    assert seen.addresses == []
    assert "The cheapest at this volume is qwen3-32b at DeepInfra" in seen.words
    assert "never: each machine" in seen.words


def test_a_hostile_name_is_only_a_name(shipped: KnowledgeBase) -> None:
    rent = Rent(name='<script>alert(1)</script>"', price=1, capacity=SPEEDS)
    answer = cost(VOLUME, rent=rent, today=TODAY, base=shipped)
    assert "<script>" not in page(answer)
    assert "script" not in {
        e.tag.split("}")[-1] for e in ElementTree.fromstring(picture(answer)).iter()
    }


def test_a_picture_of_nothing_known_says_so(shipped: KnowledgeBase) -> None:
    answer = cost(VOLUME, own=Own(purchase=1), today=TODAY, base=shipped)
    assert answer.chart is None
    assert "No cost is known" in picture(answer)
    assert "not known" in page(answer)
