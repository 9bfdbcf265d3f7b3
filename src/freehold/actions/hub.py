"""`check hf:OWNER/NAME`: fetches what lies around a model on the Hub, and judges it as a folder."""

import tempfile
from pathlib import Path

from freehold.actions.folder import Fetched, FolderReport, check_folder
from freehold.actions.folder_reading import File, kind_of_file
from freehold.knowledge.base import KnowledgeBase


def check_hub(
    repo: str,
    *,
    revision: str = "main",
    users: int | None = None,
    revenue: int | None = None,
    territory: str | None = None,
    base: KnowledgeBase | None = None,
) -> FolderReport:
    """Judge a repository of the Hub by its files; cards, texts and headers are fetched, no weights.

    Raises NotFound when there is no such repository, NotAllowed when it is gated for you,
    and EnvironmentProblem without network.
    """
    from freehold.sources.huggingface import fetch_papers, is_the_hub
    from freehold.sources.listing import read_listing

    with tempfile.TemporaryDirectory(prefix="freehold-") as folder:
        into = Path(folder) / repo.rpartition("/")[2]
        papers = fetch_papers(repo, revision, into=into)
        listing = read_listing(papers)
        elsewhere = tuple(
            File(f.path, kind_of_file(f.path), f.size or 0, f.problem)
            for f in (listing.files if listing else ())
        )
        own = listing is not None and is_the_hub()
        return check_folder(
            papers,
            base=base,
            users=users,
            revenue=revenue,
            territory=territory,
            fetched=Fetched(
                listing.repo if listing and own else None,
                elsewhere,
                tuple(listing.branches) if listing else (),
                tuple(listing.tags) if listing else (),
            ),
        )
