"""The search of `tune-engine`: ways are tried one by one, and the best so far is known."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from freehold.actions.tune_trying import Tried, Way, attempt
from freehold.core.errors import EnvironmentProblem
from freehold.engines.hosting.changes import Change
from freehold.engines.hosting.steps import Counted
from freehold.judge.tuning import Logs, Quality, Trial, Workload, kept, quality, winner

PROOFS = 3
"""Ways that run a second time, at most."""
Say = Callable[[str], object]


class Search:
    """The ways that were tried, and what came of each."""

    def __init__(
        self, work: Workload, most: float, say: Say, count: Counted, draft: Change | None = None
    ) -> None:
        self.work, self.most, self.say, self.count = work, most, say, count
        self.draft = draft
        self.tried: list[tuple[Way, Trial]] = []
        self.reference: tuple[Logs, ...] = ()
        self.proven: set[int] = set()
        self.of = 1

    def begin(self, ways: Iterator[Way], many: int) -> None:
        """Try these ways; the first that runs is what the others are held against."""
        self.of = many
        for way in ways:
            self._attempt(way, told=True)
        if not any(kept(trial, self.most) for _, trial in self.tried):
            why = "; ".join(f"{t.name}: {t.wrong}" for _, t in self.tried if t.wrong)
            raise EnvironmentProblem(f"the model runs in no way that was tried: {why}")

    def refine(self) -> None:
        """On the best so far, one change of the setting after the other; then the best again.

        The best of many is also the luckiest. So it runs a second time, and the slower figures
        count; then another may be the best.
        """
        begun, _ = self.best()
        helped = (self.draft,) if self.draft and begun.engine.drafts else ()
        changes = (*helped, *begun.engine.changes(begun.job, begun.found))
        self.of = len(self.tried) + len(changes) + 1
        for change in changes:
            now, _ = self.best()
            changed = {**now.changed, change.kind: change.says}
            self._attempt(replace(now, job=change.on(now.job), changed=changed), told=False)
        while len(self.proven) < PROOFS and (number := self._best()) not in self.proven:
            self._prove(number)
        self.count("trying", self.of, self.of)

    def best(self) -> tuple[Way, Trial]:
        """The fastest that keeps the quality."""
        return self.tried[self._best()]

    def _best(self) -> int:
        trials = [trial for _, trial in self.tried]
        found = winner(trials, self.work, self.most)
        return next(n for n, trial in enumerate(trials) if trial is found)

    def _attempt(self, way: Way, *, told: bool) -> None:
        """Try one way; with `told` its next tokens are compared, else those of before count."""
        least = winner([trial for _, trial in self.tried], self.work, self.most)
        seconds = least.timed.seconds(self.work) if least and least.timed else None
        result = attempt(way, self.work, seconds, quality=told)
        measured = self._quality(result.logs) if told else self._before(way)
        self.tried.append((way, _trial(way, result, measured)))
        self.count("trying", len(self.tried), max(self.of, len(self.tried)))
        self.say(f"{self.tried[-1][1].name}: {says(self.tried[-1][1], self.work)}")

    def _quality(self, logs: tuple[Logs, ...]) -> Quality | None:
        """How far these are from the reference, which the first ones become."""
        if not self.reference:
            self.reference = logs
        return quality(self.reference, logs) if logs else None

    def _before(self, way: Way) -> Quality | None:
        """What is known of the same weights on the same engine in another setting."""
        key = way.engine, way.found, way.precision
        same = (t for w, t in self.tried if (w.engine, w.found, w.precision) == key)
        return next(same).quality

    def _prove(self, number: int) -> None:
        """Run a way again, as it is set now: its next tokens, and the slower of both figures."""
        way, trial = self.tried[number]
        self.proven.add(number)
        result = attempt(way, self.work, None, quality=True)
        again = _trial(way, result, quality(self.reference, result.logs) or trial.quality)
        assert trial.timed is not None
        if again.timed and again.timed.seconds(self.work) < trial.timed.seconds(self.work):
            again = replace(again, timed=trial.timed)
        self.tried[number] = (way, again)
        self.say(f"{again.name}, again: {says(again, self.work)}")


def _trial(way: Way, result: Tried, measured: Quality | None) -> Trial:
    return Trial(
        engine=way.engine.name,
        version=result.version,
        precision=way.precision,
        setting=way.setting,
        same=way.same,
        timed=result.timed,
        quality=measured,
        wrong=result.wrong[:300] if result.wrong else None,
    )


def says(trial: Trial, work: Workload) -> str:
    """What came of a trial in one line."""
    timed = trial.timed
    if timed is None:
        return trial.wrong or "did not run"
    told = f"; {trial.quality.says}" if trial.quality else ""
    return (
        f"{timed.seconds(work):.2f} s for {work.prompt} + {work.answer} tokens "
        f"({timed.prefill:.0f} and {timed.decode:.1f} per second){told}"
    )
