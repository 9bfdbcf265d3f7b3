"""Models, licenses and words are found by whatever name people have for them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.search import (
    find_license,
    find_model,
    search_licenses,
    search_models,
    word,
)
from tests.invented import SHIPPED


@pytest.mark.parametrize(
    ("name", "family", "member"),
    [
        ("llama-3.2", "llama-3.2", None),
        ("Llama 3.2", "llama-3.2", None),
        ("LLAMA 3.2", "llama-3.2", None),
        ("llama-3.2-1b", "llama-3.2", "llama-3.2-1b"),
        ("meta-llama/Llama-3.2-1B", "llama-3.2", "llama-3.2-1b"),
        ("META-LLAMA/llama-3.2-1b", "llama-3.2", "llama-3.2-1b"),
        ("Llama3.2", "llama-3.2", None),
        ("flux-1-dev", "flux.1-dev", None),
        ("GPT4o", "gpt-4o", None),
    ],
)
def test_a_model_is_found_by_id_name_or_repository(
    shipped: KnowledgeBase, name: str, family: str, member: str | None
) -> None:
    hit = find_model(shipped, name)
    assert hit.family.id == family
    assert (hit.member.id if hit.member else None) == member


def test_a_model_that_is_not_there_offers_the_nearest(shipped: KnowledgeBase) -> None:
    with pytest.raises(NotFound) as caught:
        find_model(shipped, "lama-3.2")
    assert "llama-3.2" in caught.value.nearest
    assert caught.value.exit_code == 2
    assert caught.value.http_status == 404


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("apache  license version 2.0", "Apache-2.0"),
        ("mit", "MIT"),
        ("llama3.2", "LicenseRef-scancode-llama-3.2-license-2024"),
        ("cc-by-nc-4.0", "CC-BY-NC-4.0"),
    ],
)
def test_a_license_is_found_as_people_write_it(shipped: KnowledgeBase, name: str, id: str) -> None:
    assert find_license(shipped, name).id == id


def test_a_search_needs_every_word(shipped: KnowledgeBase) -> None:
    found = {family.id for family in search_models(shipped, "meta llama vision")}
    assert "llama-3.2" in found
    assert search_models(shipped, "meta llama nosuchword") == []
    assert {li.id for li in search_licenses(shipped, "llama 3.2")} == {
        "LicenseRef-scancode-llama-3.2-license-2024"
    }


@pytest.mark.parametrize(
    ("vocabulary", "text", "meant"),
    [
        ("languages", "French", "fr"),
        ("languages", "FR", "fr"),
        ("tasks", "chat", "text-generation"),
        ("tasks", "code", "text-generation/code"),
        ("uses", "saas", "host"),
    ],
)
def test_words_are_understood_as_people_say_them(
    shipped: KnowledgeBase, vocabulary: str, text: str, meant: str
) -> None:
    assert word(shipped, vocabulary, text) == meant


@given(st.text(max_size=200))
def test_any_text_is_either_found_or_answered_with_an_error_of_ours(text: str) -> None:
    for ask in (find_model, find_license):
        with suppress(NotFound):
            assert ask(SHIPPED, text) is not None
