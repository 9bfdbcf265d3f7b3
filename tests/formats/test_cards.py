"""Cards give their front matter as it stands, and their prose as claims."""

import pytest

from freehold.core.errors import BrokenInput
from freehold.formats.claims import claims_in
from freehold.formats.dataset_card import read_dataset_card
from freehold.formats.model_card import read_card
from freehold.knowledge.base import KnowledgeBase

CARD = """---
license: other
license_name: lama-community
license_link: LICENSE.md
base_model: [lab/lama, lab/eye]
base_model_relation: merge
datasets:
  - lab/words
tags: [text, 3d]
language: [no, de]
pipeline_tag: text-generation
library_name: transformers
extra_gated_prompt: You agree to the terms.
extra_gated_fields: {Country: country}
---

# Lama

We introduce **Lama**, a family of
[open-source](https://example.org) language models.

```python
print("we are open source")
```

| size | license |
|---|---|
| 7B | Apache 2.0 |

- It may be used for commercial purposes.
"""


def test_front_matter_is_given_as_it_stands() -> None:
    card = read_card(CARD)
    assert (card.license, card.license_name, card.license_link) == (
        "other", "lama-community", "LICENSE.md",
    )  # fmt: skip
    assert (card.base_models, card.relation) == (("lab/lama", "lab/eye"), "merge")
    assert (card.datasets, card.tags, card.languages) == (
        ("lab/words",),
        ("text", "3d"),
        ("no", "de"),
    )
    assert (card.pipeline_tag, card.library) == ("text-generation", "transformers")
    assert card.gated == "You agree to the terms.\nCountry"
    assert card.prose.lstrip().startswith("# Lama")


def test_prose_is_given_as_claims_over_line_ends_and_markup_but_not_code() -> None:
    said = [(claim.claim, claim.says) for claim in read_card(CARD).claims]
    assert said == [
        ("open-source", "We introduce Lama, a family of open-source language models."),
        ("commercial-use", "It may be used for commercial purposes."),
    ]


@pytest.mark.parametrize("text", ["", "# Only prose", "---\n\nA line on top.", "---\n---\nprose"])
def test_a_card_without_front_matter_names_no_license(text: str) -> None:
    assert read_card(text).licenses == ()


def test_windows_line_ends_and_marks_do_not_hide_the_front_matter() -> None:
    assert read_card(b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\nprose").license == "mit"


@pytest.mark.parametrize(
    "text", ["---\nlicense: mit\n", "---\nlicense: [mit\n---\n", "---\n- mit\n---\n", "\0\0\1"]
)
def test_broken_front_matter_is_refused_by_name(text: str) -> None:
    with pytest.raises(BrokenInput, match=r"^README\.md: "):
        read_card(text.encode())


def test_a_dataset_card_names_licenses_and_sources() -> None:
    card = read_dataset_card(
        "---\nlicense: [mit, cc-by-4.0]\nsource_datasets: [original, extended|lab/words]\n"
        "pretty_name: Words\ntask_categories: [translation]\n---\nFree."
    )
    assert (card.license, card.licenses) == ("mit", ("mit", "cc-by-4.0"))
    assert (card.sources, card.name, card.tasks) == (
        ("original", "lab/words"), "Words", ("translation",),
    )  # fmt: skip


CLAIMS = [
    ("Foo is fully open source and free for commercial use.", {"open-source", "commercial-use"}),
    ("We open-source our 7B and 70B models to the community.", {"open-source"}),
    ("Foo is the first open-source model to beat it.", {"open-source"}),
    ("Foo is a family of lightweight open models.", {"open-weights"}),
    ("The model weights are freely available.", {"open-weights"}),
    ("Foo is a fully open model.", {"fully-open"}),
    ("A custom commercial license is available at the link below.", {"custom-terms"}),
    ("Use of this model is governed by the Foo Community License.", {"custom-terms"}),
    ("For commercial use, please contact us.", {"custom-terms"}),
    ("This model is licensed under the Apache 2.0 License.", {None}),
    ("License: MIT", {None}),
    ("The model may not be used for commercial purposes.", {"non-commercial"}),
    ("Commercial use is prohibited.", {"non-commercial"}),
    ("Non-commercial use only.", {"non-commercial"}),
    ("It can be used for both commercial and non-commercial purposes.", {"commercial-use"}),
    ("Released for research purposes only.", {"research-only"}),
    ("It is intended solely for academic research.", {"research-only"}),
    ("You may use it without restrictions.", {"unrestricted"}),
    ("There are no restrictions on commercial use.", {"unrestricted", "commercial-use"}),
    ("Foo complies with the Open Source AI Definition.", {"osaid-compliant"}),
    ("Foo does not meet the Open Source AI Definition.", {"not-osaid"}),
    ("All training data is publicly available.", {"open-data"}),
    ("We release all training data, code and checkpoints.", {"open-data"}),
    ("The checkpoint is no longer available.", {"withdrawn"}),
    ("It is only available through our API.", {"api-only"}),
    ("This model is proprietary.", {"proprietary"}),
    ("本模型可商用。", {"commercial-use"}),
    ("仅供学术研究使用。", {"research-only"}),
    ("Foo outperforms all other open-source models of its size.", set()),
    ("Foo is compatible with the open-source library Bar.", set()),
    ("This model is not open source.", set()),
    ("Trained on open-source data.", set()),
    ("It performs on par with proprietary models.", set()),
    ("Use of the model is not limited to research.", set()),
    ("The research paper is only in English.", set()),
    ("It is not recommended to use it in a commercial product.", set()),
    ("Is it good? It runs on your machine.", set()),
]


@pytest.mark.parametrize(("text", "words"), CLAIMS)
def test_a_sentence_claims_what_it_says_of_this_model(text: str, words: set[str | None]) -> None:
    assert {claim.claim for claim in claims_in(text)} == words


def test_claims_use_the_words_of_the_vocabulary(shipped: KnowledgeBase) -> None:
    found = [claim for text, _ in CLAIMS for claim in claims_in(text)]
    assert {c.claim for c in found if c.claim} <= shipped.words["claims"].keys()
    assert {c.about for c in found} <= shipped.words["subjects"].keys()
