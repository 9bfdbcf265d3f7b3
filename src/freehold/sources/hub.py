"""A repository of the Hub as a source of files: at one commit, each with the Hub's digest."""

import re
import time
from collections.abc import Callable

from msgspec.structs import replace

from freehold.core.errors import FreeholdError, UsageError
from freehold.core.http import Answer
from freehold.sources.huggingface import Sibling, open_hub
from freehold.sources.listing import MOST_LISTED, sort_out
from freehold.store.offer import Address, Offer, Offered

_NAME = re.compile(r"hf:([^/@\s]+/[^/@\s]+)(?:@([^/\s]+))?(?:/(.+))?")
_PAGE = re.compile(
    r"https://huggingface\.co/([^/]+/[^/?#]+)(?:/(?:blob|resolve|tree)/([^/?#]+)(?:/([^?#]+))?)?/?"
)
_SHA1, _SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")


class HubFiles:
    """One repository at one commit."""

    def __init__(self, what: str, token: str | None, endpoint: str | None,
                 sleep: Callable[[float], None]) -> None:  # fmt: skip
        found = _NAME.fullmatch(what) or _PAGE.fullmatch(what)
        if not found:
            raise UsageError(
                f"{what[:200]!r} is no repository", hint="write it as hf:OWNER/NAME[@REVISION]"
            )
        self.repo, self.revision, self.only = found[1], found[2] or "main", found[3]
        self.hub = open_hub(self.repo, self.revision, endpoint=endpoint, token=token, sleep=sleep)
        self.commit = ""

    def offer(self) -> Offer:
        """The files of the repository; names that no file here may have are left out and told."""
        model = self.hub.model()
        self.commit = model.sha
        known = {one.rfilename: one for one in model.siblings}
        listed = sort_out((one.rfilename, one.size) for one in model.siblings)
        good = [file for file in listed if file.kind != "refused"][:MOST_LISTED]
        refused = [file.path for file in listed if file.kind == "refused"]
        notes = [f"left out for their names: {', '.join(refused[:5])}"] if refused else []
        if len(listed) - len(refused) > MOST_LISTED:
            notes.append(f"only {MOST_LISTED:,} of its {len(listed):,} files are looked at")
        return Offer(
            source="huggingface", name=self.repo, origin=f"hf:{self.repo}@{model.sha}",
            files=tuple(_offered(known[file.path], file.size) for file in good),
            revision=self.revision, commit=model.sha, only=(self.only,) if self.only else (),
            gated=bool(model.gated), notes=tuple(notes),
        )  # fmt: skip

    def address(self, file: Offered) -> Address:
        """Where a file of the commit is."""
        return Address(self.hub.address(file.path, self.commit), self.hub.token)

    def refusal(self, answer: Answer) -> FreeholdError:
        """What the Hub means, with what to do about it."""
        error = self.hub.refusal(answer)
        if error.hint:
            error.hint = error.hint.replace("freehold check", "freehold get")
        return error


def _offered(file: Sibling, size: int | None) -> Offered:
    """One file with the digest that vouches for it; that of a pointer is none."""
    large = (file.lfs.sha256 or "").lower() if file.lfs else ""
    git = "" if file.lfs else (file.git or "").lower()
    made = Offered(path=file.rfilename, size=size)
    if _SHA256.fullmatch(large):
        return replace(made, sha256=large)
    return replace(made, git=git) if _SHA1.fullmatch(git) else made


def supplier(
    what: str, *, token: str | None = None, endpoint: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> HubFiles:  # fmt: skip
    """The repository that hf:OWNER/NAME[@REVISION][/FILE] or its page names."""
    return HubFiles(what, token, endpoint, sleep)
