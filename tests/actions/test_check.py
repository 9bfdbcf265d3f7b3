"""`check` on the facts that ship."""

import pytest

import freehold
from freehold.actions.check import Report
from freehold.knowledge.base import KnowledgeBase


def permits(report: Report) -> dict[str, str]:
    """Use -> verdict."""
    return {permit.use: permit.verdict for permit in report.permits}


def test_llama_3_2_is_restricted_and_its_pictures_are_not_for_the_eu(
    shipped: KnowledgeBase,
) -> None:
    text = freehold.check("llama-3.2-1b-instruct", base=shipped)
    vision = freehold.check("llama-3.2-11b-vision-instruct", base=shipped)
    assert text.level == vision.level == "restricted weights"
    assert permits(text)["eu"] == "conditional"
    assert permits(vision)["eu"] == "no"
    assert permits(text)["large-scale"] == "no"
    assert "Built with Llama" in {row.text for row in text.obligations}


def test_saying_who_one_is_settles_what_depends_on_it(shipped: KnowledgeBase) -> None:
    unsaid = freehold.check("stable-diffusion-3.5", base=shipped)
    large = freehold.check("stable-diffusion-3.5", revenue=5_000_000, base=shipped)
    assert permits(unsaid)["commercial"] in ("conditional", "unknown")
    assert permits(large)["commercial"] == "no"


def test_what_was_made_from_llama_inherits_its_terms(shipped: KnowledgeBase) -> None:
    report = freehold.check("deepseek-r1-distill-llama-70b", base=shipped)
    assert report.level != "open weights"
    assert any(b.via.startswith("llama-3.3") and b.binds for b in report.terms.bindings)


def test_the_publisher_who_contradicts_themselves_is_named(shipped: KnowledgeBase) -> None:
    report = freehold.check("vista-3d", base=shipped)
    assert permits(report)["commercial"] == "no"
    assert any(row.by == "NVIDIA" or "MONAI" in row.by for row in report.conflicts)


@pytest.mark.parametrize("model", ["starcoder2", "gemma-2", "nvlm-1.0", "jukebox"])
def test_open_washing_is_found(shipped: KnowledgeBase, model: str) -> None:
    assert freehold.check(model, base=shipped).open_washing


def test_an_open_model_is_set_beside_services_with_prices(shipped: KnowledgeBase) -> None:
    compared = freehold.check("whisper", base=shipped).compared
    assert compared
    assert any("per minute" in price for service in compared for price in service.prices)


def test_every_family_and_member_can_be_checked(shipped: KnowledgeBase) -> None:
    for family in shipped.families():
        for name in (family.id, *(member.id for member in family.members[:1])):
            report = freehold.check(name, base=shipped)
            assert report.form()["level"]
            for permit in report.permits:
                assert permit.because
