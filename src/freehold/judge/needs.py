"""What a person needs from a model, and which two demands of it cannot both hold."""

from collections.abc import Iterator

from msgspec import Struct

from freehold.judge.answers import Facts
from freehold.judge.licensing import EU, Situation, is_open, permit

OPENNESS = ("fully open", "open weights", "restricted weights")
"""Levels that can be asked for, most open first."""
ANY_OSI = "osi"


class Need(Struct, frozen=True, kw_only=True):
    """The demands, all of which must hold; None and () are no demand. Memory is in bytes."""

    task: str
    abilities: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    openness: str | None = None
    languages: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    memory: int | None = None
    context: int | None = None
    max_parameters: int | None = None
    not_from: tuple[str, ...] = ()
    users: int | None = None
    revenue: int | None = None
    territory: str | None = None
    like: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def who(self) -> Situation:
        """The person's situation, as licenses ask for it."""
        return Situation(users=self.users, revenue=self.revenue, territory=self.territory)


def contradictions(need: Need, facts: Facts) -> Iterator[tuple[str, str, str]]:
    """(one demand, another, why) for every pair that cannot both hold."""
    yield from _license_against_uses(need, facts)
    yield from _license_against_openness(need, facts)
    if need.users is not None and need.users <= 700_000_000 and "large-scale" in need.uses:
        yield f"--users {need.users}", "--for large-scale", "large-scale means over 700 million"
    if need.territory is not None and "eu" in need.uses and need.territory not in EU:
        yield f"--territory {need.territory}", "--for eu", f"{need.territory} is not in the EU"
    for modality in need.modalities:
        if modality in _NEVER.get(need.task, ()):
            yield f"--task {need.task}", f"--modality {modality}", "no such model takes or gives it"


_NEVER = {
    "text-to-speech": ("image", "video", "series"),
    "automatic-speech-recognition": ("image", "video", "series"),
    "feature-extraction": ("series",),
    "text-to-image": ("audio", "series"),
    "time-series-forecasting": ("image", "video", "audio"),
}


def _license_against_uses(need: Need, facts: Facts) -> Iterator[tuple[str, str, str]]:
    licenses = [license for id in need.licenses if (license := facts.license(id))]
    for use in need.uses:
        answers = [permit(license, use, need.who) for license in licenses]
        if (
            answers
            and all(a.verdict == "no" for a in answers)
            and len(answers) == len(need.licenses)
        ):
            yield _listed("--license", need.licenses), f"--for {use}", answers[0].because


def _license_against_openness(need: Need, facts: Facts) -> Iterator[tuple[str, str, str]]:
    if need.openness not in ("fully open", "open weights") or ANY_OSI in need.licenses:
        return
    licenses = [license for id in need.licenses if (license := facts.license(id))]
    if licenses and not any(is_open(license) for license in licenses):
        why = f"{licenses[0].short} is not an open license"
        yield _listed("--license", need.licenses), f"--openness {need.openness!r}", why


def _listed(option: str, values: tuple[str, ...]) -> str:
    return " ".join(f"{option} {value}" for value in values)
