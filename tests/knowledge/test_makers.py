"""A maker is known by every name that is refused with it, and by none that means another."""

import pytest

from freehold.actions.choose import choose
from freehold.knowledge.makers import names_of
from freehold.knowledge.spoken import maker_names
from tests.invented import SHIPPED


@pytest.mark.parametrize(
    ("maker", "names"),
    [
        ("Alibaba (Qwen)", {"Alibaba (Qwen)", "Alibaba", "Qwen"}),
        ("Tencent and HIT Shenzhen", {"Tencent and HIT Shenzhen", "Tencent", "HIT Shenzhen"}),
        ("DeepFloyd, a lab of Stability AI", {"DeepFloyd", "Stability AI"}),
        ("Meta", {"Meta", "Facebook"}),
    ],
)
def test_a_maker_has_the_names_of_all_who_took_part(maker: str, names: set[str]) -> None:
    assert names <= {*names_of(maker)}


def test_a_university_of_two_subjects_is_one_maker() -> None:
    name = "University of Science and Technology of China"
    assert names_of(name) == (name,)


def test_nobody_is_called_others() -> None:
    assert "others" not in names_of("Huawei Noah's Ark Lab and others")


def test_every_further_name_belongs_to_a_maker_in_the_facts() -> None:
    known = {name for family in SHIPPED.families() for name in names_of(family.maker)}
    assert maker_names().keys() <= known


@pytest.mark.parametrize("name", ["Alibaba", "Qwen", "facebook", "ByteDance", "TII", "MIT"])
def test_no_model_comes_from_whom_one_refuses(name: str) -> None:
    found = choose("text-generation", not_from=[name], memory=10**12, most=100, base=SHIPPED)
    makers = {family.id: family.maker for family in SHIPPED.families()}
    names = {n.casefold() for c in found.ranked for n in names_of(makers[c.family])}
    assert found.ranked
    assert name.casefold() not in names
