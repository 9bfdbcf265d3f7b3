"""Nothing is freer than what it was made from, and a publisher's contradiction binds both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.judge.answers import Permit, strictest
from freehold.judge.licensing import ANYONE, USES
from freehold.judge.terms import terms
from freehold.knowledge.types import Duty, Family, Outputs
from tests.invented import Book, a_component, a_family, a_license, a_member, made_from, said

NON_COMMERCIAL = a_license("Closed-1.0", limits=("non-commercial",), osi=False)
NAMED = a_license(
    "Named-1.0",
    osi=False,
    duties=(Duty(kind="name-prefix", when="derivative", string="Lama", clause="1"),),
    conditions=("name-prefix",),
)
RELATIONS = ("finetune", "continued-pretraining", "merge", "adapter", "quantized", "pruned",
             "expanded", "component")  # fmt: skip


def answer(book: Book, family: Family, use: str = "commercial") -> Permit:
    """What one may do with a family of this book."""
    return terms(book, family).permit(use, ANYONE, ("text",))


@pytest.mark.parametrize("relation", RELATIONS)
def test_what_was_made_from_a_restricted_base_is_restricted(relation: str) -> None:
    base = a_family("base", license="Closed-1.0")
    tuned = a_family("tuned", license="Free-1.0", lineage=made_from("base", relation))
    verdict = answer(Book(NON_COMMERCIAL, base, tuned), tuned)
    assert verdict.verdict == "no"
    assert "Base" in verdict.because


def test_restrictions_travel_over_many_steps() -> None:
    base = a_family("base", license="Closed-1.0")
    middle = a_family("middle", lineage=made_from("base"))
    end = a_family("end", lineage=made_from("middle", "quantized"))
    assert answer(Book(NON_COMMERCIAL, base, middle, end), end).verdict == "no"


def test_a_loop_in_the_lineage_ends() -> None:
    one = a_family("one", lineage=made_from("two"))
    two = a_family("two", lineage=made_from("one"))
    assert answer(Book(one, two), one).verdict in ("unknown", "yes")


def test_a_base_that_nobody_knows_makes_the_answer_unknown() -> None:
    tuned = a_family("tuned", lineage=made_from("somebody/something"))
    verdict = answer(Book(tuned), tuned)
    assert verdict.verdict == "unknown"
    assert "somebody/something" in verdict.because


def test_a_base_outside_counts_by_the_license_that_the_link_names() -> None:
    lineage = made_from("somebody/something", license="Closed-1.0")
    tuned = a_family("tuned", lineage=lineage)
    assert answer(Book(NON_COMMERCIAL, tuned), tuned).verdict == "no"


def test_the_maker_of_the_base_may_license_a_release_of_their_own_anew() -> None:
    base = a_family("base", license="Closed-1.0", maker="Lab")
    mine = a_family("mine", maker="Lab", lineage=made_from("base"))
    yours = a_family("yours", maker="Somebody", lineage=made_from("base"))
    book = Book(NON_COMMERCIAL, base, mine, yours)
    assert answer(book, mine).verdict == "yes"
    assert answer(book, yours).verdict == "no"


def test_naming_duties_travel() -> None:
    base = a_family("base", license="Named-1.0")
    tuned = a_family("tuned", lineage=made_from("base"))
    duties = terms(Book(NAMED, base, tuned), tuned).obligations({})
    assert [row.text for row in duties if row.text] == ["Lama"]


def test_a_model_taught_by_outputs_keeps_only_what_the_license_says_of_outputs() -> None:
    free = a_family("teacher")
    taught = a_family("taught", lineage=made_from("teacher", "distillation"))
    assert answer(Book(free, taught), taught).verdict == "yes"


def test_a_teacher_that_forbids_training_on_outputs_leaves_a_condition() -> None:
    strict = a_license("Strict-1.0", outputs=Outputs(training="forbidden"))
    teacher = a_family("teacher", license="Strict-1.0")
    taught = a_family("taught", lineage=made_from("teacher", "distillation"))
    verdict = answer(Book(strict, teacher, taught), taught)
    assert verdict.verdict == "conditional"
    assert "forbids training on outputs" in verdict.because


def test_outputs_that_count_as_derivatives_pass_everything_on() -> None:
    viral = a_license("Viral-1.0", limits=("non-commercial",), outputs=Outputs(derivative=True))
    teacher = a_family("teacher", license="Viral-1.0")
    taught = a_family("taught", lineage=made_from("teacher", "distillation"))
    assert answer(Book(viral, teacher, taught), taught).verdict == "no"


def test_a_step_concerns_only_the_members_it_names() -> None:
    base = a_family("base", license="Closed-1.0")
    members = (a_member("x-small"), a_member("x-large"))
    mixed = a_family("x", members=members, lineage=made_from("base", members=("x-large",)))
    book = Book(NON_COMMERCIAL, base, mixed)
    assert terms(book, mixed, members[0]).permit("commercial", ANYONE, ()).verdict == "yes"
    assert terms(book, mixed, members[1]).permit("commercial", ANYONE, ()).verdict == "no"
    assert terms(book, mixed).permit("commercial", ANYONE, ()).verdict == "no"


def test_a_member_may_have_a_license_of_its_own() -> None:
    members = (a_member("x-3b", license="Closed-1.0"), a_member("x-7b"))
    family = a_family("x", members=members)
    book = Book(NON_COMMERCIAL, family)
    assert terms(book, family, members[0]).permit("commercial", ANYONE, ()).verdict == "no"
    assert terms(book, family, members[1]).permit("commercial", ANYONE, ()).verdict == "yes"


def test_a_family_is_no_freer_than_its_strictest_member() -> None:
    members = (a_member("x-3b", license="Closed-1.0"), a_member("x-7b"))
    family = a_family("x", members=members)
    verdict = answer(Book(NON_COMMERCIAL, family), family)
    assert verdict.verdict == "no"
    assert "x-3b is under it" in verdict.because


def test_when_every_member_has_a_license_the_family_needs_none() -> None:
    family = a_family("x", license=None, members=(a_member("x-7b", license="Free-1.0"),))
    assert answer(Book(family), family).verdict == "yes"


def test_a_belief_that_others_contradict_gives_no_yes_either_way() -> None:
    weights = a_component("model-parameters")
    belief = type(weights)(
        kind=weights.kind, state="released", source="rumor", license="Closed-1.0"
    )
    statements = (said("license", license="Free-1.0", source="card"),)
    family = a_family(components=(belief,), statements=statements)
    assert answer(Book(NON_COMMERCIAL, family), family).verdict == "no"
    assert answer(Book(NON_COMMERCIAL, family), family, "modify").verdict == "unknown"


def test_a_publisher_who_contradicts_themselves_is_bound_by_the_stricter_word() -> None:
    family = a_family(statements=(said("license", license="Closed-1.0", source="paper"),))
    assert answer(Book(NON_COMMERCIAL, family), family).verdict == "no"


def test_a_newspaper_does_not_overrule_the_publisher() -> None:
    family = a_family(statements=(said("license", license="Closed-1.0", source="press"),))
    assert answer(Book(NON_COMMERCIAL, family), family).verdict == "yes"


def test_a_license_file_overrules_the_model_card() -> None:
    family = a_family(statements=(said("license", license="Closed-1.0", source="file"),))
    assert answer(Book(NON_COMMERCIAL, family), family).verdict == "no"


def test_a_license_that_is_only_rumored_gives_no_yes() -> None:
    weights = a_component("model-parameters")
    rumored = type(weights)(kind=weights.kind, state="released", source="rumor", license="Free-1.0")
    family = a_family(components=(rumored,))
    assert answer(Book(family), family).verdict == "unknown"


def test_no_license_at_all_is_unknown() -> None:
    family = a_family(license=None)
    assert answer(Book(family), family).verdict == "unknown"


@given(st.lists(st.sampled_from(["yes", "conditional", "unknown", "no"]), min_size=1))
def test_the_strictest_of_several_answers_counts(verdicts: list[str]) -> None:
    order = ["yes", "conditional", "unknown", "no"]
    rows = [Permit("use", v, f"reason {n}") for n, v in enumerate(verdicts)]  # type: ignore[arg-type]
    assert strictest(rows).verdict == max(verdicts, key=order.index)


@given(
    limits=st.sets(st.sampled_from(["non-commercial", "no-hosting", "threshold", "research-only"])),
    relation=st.sampled_from(RELATIONS),
    use=st.sampled_from(USES),
)
def test_nothing_is_freer_than_its_base(limits: set[str], relation: str, use: str) -> None:
    order = ["yes", "conditional", "unknown", "no"]
    license = a_license("Base-1.0", limits=tuple(limits))
    base = a_family("base", license="Base-1.0")
    made = a_family("made", lineage=made_from("base", relation))
    book = Book(license, base, made)
    assert order.index(answer(book, made, use).verdict) >= order.index(
        answer(book, base, use).verdict
    )
