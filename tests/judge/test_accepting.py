"""Which terms need agreement, and that the agreement is to one text."""

import pytest

from freehold.judge.accepting import GATED, Agreement, Text, agreements, reasons
from freehold.judge.licensing import RESTRICTIVE
from freehold.judge.terms import terms
from freehold.knowledge.base import KnowledgeBase

DIGEST, OTHER = "a" * 64, "b" * 64


def of(
    shipped: KnowledgeBase, name: str, *texts: Text, gated: bool = False
) -> tuple[Agreement, ...]:
    hit = shipped.find(name)
    assert hit
    return agreements(terms(shipped, *hit), texts, shipped.words, gated)


@pytest.mark.parametrize("name", ["olmo-2-1124-7b", "qwen3-8b", "whisper-large-v3"])
def test_a_license_that_only_asks_to_pass_texts_on_needs_no_agreement(
    shipped: KnowledgeBase, name: str
) -> None:
    assert of(shipped, name) == ()


def test_a_community_license_needs_agreement_and_says_why(shipped: KnowledgeBase) -> None:
    (one,) = of(shipped, "llama-3.2-1b")
    assert one.license.startswith("LicenseRef-")
    assert "it has a list of forbidden uses" in one.because
    assert any("700" in why or "size of business" in why for why in one.because)
    assert any("Built with Llama" in row.do for row in one.obligations)
    assert one.path is None
    assert all(row.do in one.says for row in one.obligations)


def test_the_text_beside_the_model_is_what_is_agreed_to(shipped: KnowledgeBase) -> None:
    (summary,) = of(shipped, "llama-3.2-1b")
    text = Text("LICENSE", DIGEST, "license", (summary.license,))
    (one,) = of(shipped, "llama-3.2-1b", text)
    assert (one.digest, one.path, one.says) == (DIGEST, "LICENSE", "")
    assert summary.digest != DIGEST


def test_a_gate_asks_for_agreement_even_to_a_permissive_license(shipped: KnowledgeBase) -> None:
    (one,) = of(shipped, "olmo-2-1124-7b", gated=True)
    assert one.because == (GATED,)


def test_a_use_policy_is_an_agreement_of_its_own(shipped: KnowledgeBase) -> None:
    (one,) = of(shipped, "olmo-2-1124-7b", Text("USE_POLICY.md", OTHER, "use-policy"))
    assert one.digest == OTHER


def test_words_that_nobody_knows_need_agreement(shipped: KnowledgeBase) -> None:
    text = Text("LICENSE-2", OTHER, "license", ("LicenseRef-unrecognized-1",), known=False)
    (one,) = of(shipped, "olmo-2-1124-7b", text)
    assert "not all of its words" in one.because[0]


def test_one_text_is_asked_for_once(shipped: KnowledgeBase) -> None:
    policy = Text("USE_POLICY.md", OTHER, "use-policy")
    again = Text("use-policy.txt", OTHER, "use-policy")
    assert len(of(shipped, "olmo-2-1124-7b", policy, again)) == 1


def test_every_license_of_the_base_is_either_free_of_limits_or_needs_agreement(
    shipped: KnowledgeBase,
) -> None:
    for license in shipped.licenses():
        why = list(reasons(license, shipped.words))
        if RESTRICTIVE.intersection(license.limits) or license.use_policy:
            assert why, license.id
    plain = [x.id for x in shipped.licenses() if not list(reasons(x, shipped.words))]
    assert {"MIT", "Apache-2.0", "BSD-3-Clause", "CC-BY-4.0"} <= {*plain}
    shared = shipped.license("AGPL-3.0-only")
    assert shared
    assert any("source" in why for why in reasons(shared, shipped.words))
