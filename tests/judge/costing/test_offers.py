"""What an API takes: the right unit, tier and discount, and a reason where there is none."""

from datetime import date

from msgspec.structs import replace

from freehold.judge.costing.offers import Listed, Offer, Terms, cheapest
from freehold.judge.costing.work import Volume
from freehold.knowledge.types import Price, PriceList, Source

PLAIN = Terms()
TOKENS = Volume(tokens_in=2e6, tokens_out=1e6)


def listed(provider: str, *prices: Price, checked: date = date(2026, 11, 20)) -> list[Listed]:
    """The prices of a provider."""
    source = Source(
        by="a list", rank="registry", title="Prices", url="https://example.org", checked=checked
    )
    makes = PriceList(
        id=provider.lower(), schema=1, provider=provider, sources={"s": source}, prices=prices
    )
    return [(makes, price) for price in prices]


def price(
    unit: str = "million-tokens", name: str = "m", above: int | None = None, **dollars: float
) -> Price:
    """A price of the model m."""
    plain = Price(model="m", api_name=name, unit=unit, source="s", long_from=above)
    return replace(plain, **dollars)


def dollars(offer: Offer | list[str]) -> float:
    assert isinstance(offer, Offer)
    return offer.dollars


def test_tokens_are_priced_in_and_out() -> None:
    rows = listed("One", price(input=2.5, output=10.0))
    assert dollars(cheapest("m", rows, TOKENS, PLAIN)) == 15.0


def test_repeated_input_takes_its_own_price_and_says_where_there_is_none() -> None:
    rows = listed("One", price(input=2.0, cached_input=0.5, output=10.0))
    assert dollars(cheapest("m", rows, TOKENS, Terms(cached=0.5))) == 1e6 / 1e6 * 2.5 + 10
    offer = cheapest("m", listed("One", price(input=2.0, output=10.0)), TOKENS, Terms(cached=0.5))
    assert dollars(offer) == 14
    assert isinstance(offer, Offer)
    assert "repeated input" in offer.notes[0]


def test_answers_that_may_wait_take_the_batch_price() -> None:
    rows = listed("One", price(input=2.0, output=10.0, batch_input=1.0, batch_output=5.0))
    assert dollars(cheapest("m", rows, TOKENS, Terms(batch=True))) == 7.0
    offer = cheapest("m", listed("One", price(input=2.0, output=1.0)), TOKENS, Terms(batch=True))
    assert isinstance(offer, Offer)
    assert "may wait" in offer.notes[0]


def test_long_inputs_take_the_price_of_their_tier() -> None:
    long = price(above=200_000, input=2.0, output=10.0, long_input=4.0, long_output=20.0)
    rows = listed("One", long)
    assert dollars(cheapest("m", rows, TOKENS, Terms(prompt=200_000))) == 14
    assert dollars(cheapest("m", rows, TOKENS, Terms(prompt=200_001))) == 28
    plain = cheapest("m", rows, TOKENS, PLAIN)
    assert dollars(plain) == 14
    assert isinstance(plain, Offer)
    assert "cost more" in plain.notes[0]


def test_the_cheapest_provider_that_prices_everything_wins() -> None:
    rows = [
        *listed("Dear", price(input=3.0, output=9.0), price("image", output=0.01)),
        *listed("Cheap", price(input=1.0, output=3.0), price("image", "big", output=0.03),
                price("image", "small", output=0.02)),
        *listed("Cheaper", price(input=0.1, output=0.3)),
    ]  # fmt: skip
    offer = cheapest("m", rows, Volume(tokens_in=1e6, tokens_out=1e6, images=100), PLAIN)
    assert isinstance(offer, Offer)
    assert offer.provider == "Cheap"
    assert offer.dollars == 4 + 2
    assert [c.api_name for c in offer.charges] == ["m", "small"]
    assert offer.offers == 2


def test_sound_is_priced_by_the_minute() -> None:
    rows = listed("One", price("minute", input=0.006))
    assert dollars(cheapest("m", rows, Volume(audio_minutes=1000), PLAIN)) == 6.0


def test_a_model_that_writes_nothing_has_no_price_for_writing() -> None:
    rows = listed("One", price(input=0.02))
    assert dollars(cheapest("m", rows, Volume(tokens_in=1e6), PLAIN)) == 0.02
    why = cheapest("m", rows, TOKENS, PLAIN)
    assert why == ["no price for tokens in and out; it is priced by million tokens"]


def test_what_is_priced_in_another_unit_says_in_which() -> None:
    rows = listed("One", price("image", output=0.01), price("second", output=0.1))
    assert cheapest("m", rows, Volume(audio_minutes=5), PLAIN) == [
        "no price for each minute; it is priced by image, second"
    ]
    assert cheapest("n", rows, TOKENS, PLAIN) == ["no price list names it"]


def test_a_price_is_old_after_ninety_days() -> None:
    rows = listed("One", price(input=1.0, output=1.0), checked=date(2026, 8, 1))
    offer = cheapest("m", rows, TOKENS, PLAIN)
    assert isinstance(offer, Offer)
    assert not offer.old(date(2026, 10, 30))
    assert offer.old(date(2026, 10, 31))
