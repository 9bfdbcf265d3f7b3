"""The grammar of one need, in GBNF: closed words, and only names and numbers that were said.

So whatever the model writes under it is a valid need, and nothing in it is invented.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, json

from freehold.core.quantities import Quantity
from freehold.judge.needs import OPENNESS
from freehold.judge.said import ABILITIES, OSI, TASKS, USES

SMALLEST_CONTEXT, LARGEST_CONTEXT = 256, 20_000_000
SMALLEST_MODEL = 10**6
CLOSED = frozenset({"task", "uses", "open", "abilities"})
"""Keys whose words are offered for every text."""
MOST_QUOTES = 24
"""Names or numbers of one kind that the grammar offers."""


class Quotable(Struct, frozen=True, kw_only=True):
    """What stands in a text and may be quoted: names by kind, and numbers."""

    models: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    languages: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()

    def amounts(self, key: str) -> tuple[str, ...]:
        """The numbers that a key may quote."""
        fitting = (q.text for q in self.quantities if suits(key, q))
        return tuple(dict.fromkeys(fitting))


def suits(key: str, quantity: Quantity) -> bool:
    """Whether a number can be meant by this key, from its unit and size."""
    amount, unit = quantity.amount, quantity.unit
    if key == "memory":
        return unit == "bytes"
    if unit == "bytes":
        return False
    if key == "size":
        return unit in ("m", "b") and amount >= SMALLEST_MODEL
    if key == "context":
        return unit != "b" and SMALLEST_CONTEXT <= amount <= LARGEST_CONTEXT
    return key != "users" or unit != "b"


def grammar(quotable: Quotable, *, task: bool = False) -> str:
    """The grammar for a text in which this may be quoted; with `task` it must say a task."""
    keys = list(_keys(quotable))
    rules = ['root ::= "{" ' + ("body0" if task else "body0?") + ' "}"']
    for place, (key, value) in enumerate(keys):
        pair = f'"\\"{key}\\":" {value}'
        rest = f" rest{place + 1}"
        last = place + 1 == len(keys) or (task and not place)
        later = "" if last else f" | body{place + 1}"
        rules.append(f"body{place} ::= {pair}{rest}{later}")
        if place:
            rules.append(f'rest{place} ::= "," {pair}{rest} | rest{place + 1}')
    rules.append(f'rest{len(keys)} ::= ""')
    return "\n".join(rules)


def _keys(quotable: Quotable) -> Iterator[tuple[str, str]]:
    """Every key that this text can fill, in the order they are written, with its values."""
    listed = {"uses", "licenses", "languages", "abilities", "not"}
    for key, values in _values(quotable).items():
        offered = list(values) if key in CLOSED else list(dict.fromkeys(values))[:MOST_QUOTES]
        if offered:
            one = "(" + " | ".join(_literal(value) for value in offered) + ")"
            yield key, f'"[" {one} ("," {one}){{0,7}} "]"' if key in listed else one


def _values(quotable: Quotable) -> dict[str, Iterable[str]]:
    return {
        "task": TASKS,
        "like": quotable.models,
        "uses": USES,
        "licenses": (OSI, *quotable.licenses),
        "open": OPENNESS,
        "languages": quotable.languages,
        "abilities": ABILITIES,
        "memory": quotable.amounts("memory"),
        "machine": quotable.machines,
        "context": quotable.amounts("context"),
        "size": quotable.amounts("size"),
        "not": _origins(quotable),
        "users": quotable.amounts("users"),
        "revenue": quotable.amounts("revenue"),
        "where": quotable.countries,
    }


def _origins(quotable: Quotable) -> Sequence[str]:
    return (*quotable.makers[: MOST_QUOTES - len(quotable.origins)], *quotable.origins)


def _literal(value: str) -> str:
    """A JSON string as a terminal of the grammar."""
    text = json.encode(value).decode()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
