"""Tries one way of running a model: how fast it is, and how it tells the next tokens."""

import time
from collections import defaultdict
from contextlib import suppress
from itertools import count
from math import exp, log
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.tuning_text import beginnings, passage
from freehold.core.errors import EnvironmentProblem, FreeholdError, UsageError
from freehold.core.machine import usable_cores
from freehold.engines.base import Contract, Found, Job, Running, start
from freehold.judge.tuning import Logs, Timed, Workload
from freehold.tasks.text_generation import Request, Result

AS_IT_IS = "as it is"
ROUNDS = 3
HOPELESS = 1.3
"""How much more time than the best a first round may take before the others are left out."""
WARM_LETTERS, WARM_TOKENS = 800, 8
LETTERS = 900
"""Of the text whose next tokens are compared: never more tokens than letters."""
LIKELY = 20_000
"""The likeliest tokens that are asked for at each place; most vocabularies are told whole."""
ROOM = 2.0
"""How much longer than meant a prompt may come out, because tokens are counted afterwards."""

_orders = count(1)


class Way(Struct, frozen=True, kw_only=True):
    """One way to run the model: an engine, where it is, its job, and what that is called.

    `changed` says by its kind what of the setting was changed, `same` that it has the weights and
    the engine of the reference.
    """

    engine: Contract
    found: Found
    job: Job
    precision: str
    changed: dict[str, str] = {}
    same: bool

    @property
    def setting(self) -> str:
        """What is changed, by its kind."""
        return ", ".join(self.changed.values()) or AS_IT_IS


class Tried(Struct, frozen=True, kw_only=True):
    """What came of it: figures and distributions, or what went wrong."""

    timed: Timed | None = None
    logs: tuple[Logs, ...] = ()
    version: str | None = None
    wrong: str | None = None


def attempt(way: Way, work: Workload, best: float | None, *, quality: bool) -> Tried:
    """Run it: rounds of the workload, and with `quality` the next tokens of many beginnings.

    `best` are the seconds of the fastest way so far.
    """
    try:
        with start(way.engine, way.job, found=way.found) as running:
            logs = _told(running) if quality else ()
            timed = measured(running, work, best)
            return Tried(timed=timed, logs=logs, version=running.version)
    except FreeholdError as error:
        return Tried(wrong=str(error), version=way.found.version)


def measured(running: Running, work: Workload, best: float | None) -> Timed:
    """The medians of some rounds; of one alone where that shows that it will not win."""
    letters = work.prompt * _letters_of_a_token(running)
    before, began = running.process.computed(), time.monotonic()
    rounds: list[Timed] = []
    for _ in range(ROUNDS):
        rounds.append(_round(running, round(letters), work))
        if best is not None and rounds[0].seconds(work) > best * HOPELESS:
            break
    used, passed = running.process.computed() - before, time.monotonic() - began
    cores = min(running.job.threads or usable_cores(), usable_cores())
    return Timed(
        prefill=median(one.prefill for one in rounds),
        decode=median(one.decode for one in rounds),
        first_token=median(one.first_token for one in rounds),
        load=running.load_seconds,
        peak=running.memory().peak,
        share=round(min(1.0, used / passed / cores), 3),
        rounds=len(rounds),
    )


def next_tokens(running: Running) -> tuple[Logs, ...]:
    """The distribution of the token after each beginning; empty where the engine tells none."""
    found: list[Logs] = []
    for text in beginnings(min(LETTERS, running.job.setting.context - WARM_TOKENS)):
        request = Request(text=text, max_tokens=1, temperature=0.0, likely=LIKELY, ignore_end=True)
        told = _asked(running, request).tokens
        found.append(_together(told[0].others) if told else {})
    return tuple(found) if any(found) else ()


def _told(running: Running) -> tuple[Logs, ...]:
    """The same; empty too where the engine refuses to tell."""
    try:
        return next_tokens(running)
    except UsageError:
        return ()


def _together(told: tuple[tuple[str, float], ...]) -> Logs:
    """Tokens that look the same count as one: parts of one letter are told alike."""
    sums: dict[str, float] = defaultdict(float)
    for text, value in told:
        sums[text] += exp(value)
    return {text: log(value) for text, value in sums.items() if value > 0}


def _letters_of_a_token(running: Running) -> float:
    """Letters in a token of this model, from a short text that also warms the engine up."""
    request = Request(text=passage(next(_orders), WARM_LETTERS), max_tokens=WARM_TOKENS,
                      temperature=0.0, ignore_end=True)  # fmt: skip
    return WARM_LETTERS / max(_asked(running, request).spent.prompt, 1)


def _round(running: Running, letters: int, work: Workload) -> Timed:
    """One prompt that was not seen before, and its answer as people have them drawn."""
    text = passage(next(_orders), letters)
    request = Request(text=text, max_tokens=work.answer, temperature=0.8, seed=1, ignore_end=True)
    result = _asked(running, request)
    times, read = result.times, result.spent.prompt - result.spent.cached
    if not (times.prompt > 0 and times.decode > 0 and times.steps and read):
        raise EnvironmentProblem(f"{running.engine.name} does not say how long it took")
    return Timed(
        prefill=read / times.prompt,
        decode=times.steps / times.decode,
        first_token=times.first_token,
        load=0.0,
        peak=0,
        share=None,
        rounds=1,
    )


def _asked(running: Running, request: Request) -> Result:
    """The result; where an engine cannot go on past an end it may end, or draw without a seed."""
    freer = replace(request, ignore_end=False)
    for wish in (request, freer):
        with suppress(UsageError):
            return _answered(running, wish)
    return _answered(running, replace(freer, seed=None))


def _answered(running: Running, request: Request) -> Result:
    for part in running.ask(request):
        if isinstance(part, Result):
            return part
    raise EnvironmentProblem(f"{running.engine.name} gave no result")
