"""File names tell licenses, notices and policies from everything else."""

import pytest

from freehold.formats.license_files import kind_of

LICENSES = [
    "LICENSE", "LICENSE.md", "license.txt", "LICENCE", "LICENSE-MODEL", "LICENSE_MODEL",
    "MODEL_LICENSE", "MODEL_LICENSE.md", "LICENSE-APACHE", "LICENSE.apache", "LICENSE-2.0.txt",
    "MIT-LICENSE.txt", "COPYING", "COPYING.LESSER", "COPYING.txt", "UNLICENSE", "EULA.txt",
    "LICENSE_AGREEMENT.pdf", "TERMS", "TERMS_OF_USE.md", "Terms-and-Conditions.txt", "TERMS.md",
    "sub/LICENSE", "deep\\LICENSE.txt", "LICENSES/MIT.txt", "ModelLicense.txt",
    "LICENSE.Apache-2.0", "lama-license.md", "LAMA_COMMUNITY_LICENSE", "LICENSE-CODE",
    "DATA_LICENSE", "模型许可协议.pdf", "License.html",
]  # fmt: skip
NOTICES = [
    "NOTICE", "NOTICE.txt", "Notice.md", "NOTICES", "COPYRIGHT", "THIRD_PARTY_NOTICES.txt",
    "ThirdPartyNotices.txt",
]  # fmt: skip
POLICIES = [
    "USE_POLICY.md", "USE_POLICY", "use-policy.txt", "ACCEPTABLE_USE_POLICY.md", "UsePolicy.pdf",
    "PROHIBITED_USE_POLICY.md", "usage_policy.md", "AUP.txt",
]  # fmt: skip
OTHERS = [
    "README.md", "config.json", "license.py", "license_plate.jpg", "licenses.json",
    "LICENSE.safetensors", "search_terms.txt", "notice_me.ipynb", "model.gguf", "use.md",
    "policy.md", "tokenizer.model", "long_terms.md", ".", "..", "/", ".gitattributes",
]  # fmt: skip


@pytest.mark.parametrize("name", LICENSES)
def test_names_of_licenses(name: str) -> None:
    assert kind_of(name) == "license"


@pytest.mark.parametrize("name", NOTICES)
def test_names_of_notices(name: str) -> None:
    assert kind_of(name) == "notice"


@pytest.mark.parametrize("name", POLICIES)
def test_names_of_policies(name: str) -> None:
    assert kind_of(name) == "use-policy"


@pytest.mark.parametrize("name", ["", *OTHERS])
def test_other_names(name: str) -> None:
    assert kind_of(name) is None


def test_a_name_with_two_words_in_one_long_file_comes_back_at_once() -> None:
    assert kind_of("LICENSE " + "a" * 100_000) is None
    assert kind_of("Lama RESEARCH LICENSE AGREEMENT.txt") == "license"
