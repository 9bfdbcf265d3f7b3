"""Tells by its name whether a file holds a license, a notice or a policy of use."""

import re
from typing import Literal

Kind = Literal["license", "notice", "use-policy"]

OTHER_FILES = frozenset((
    "py", "pyi", "pyc", "js", "ts", "jsx", "tsx", "json", "jsonl", "json5", "yaml", "yml", "toml",
    "ini", "cfg", "xml", "ipynb", "sh", "bat", "c", "h", "cc", "cpp", "hpp", "rs", "go", "java",
    "kt", "rb", "php", "pl", "lua", "css", "scss", "svg", "png", "jpg", "jpeg", "gif", "webp",
    "bmp", "ico", "mp3", "wav", "flac", "ogg", "mp4", "avi", "mov", "mkv", "zip", "gz", "tgz",
    "bz2", "xz", "zst", "7z", "rar", "tar", "whl", "so", "dll", "exe", "db", "sqlite", "csv",
    "tsv", "parquet", "arrow", "safetensors", "gguf", "ggml", "bin", "pt", "pth", "ckpt", "onnx",
    "pb", "tflite", "h5", "npz", "npy", "pkl", "nemo", "msgpack", "model",
))  # fmt: skip
"""Endings of files that hold something else, whatever the rest of the name says."""

LICENSES = frozenset((
    "license", "licence", "licenses", "licences", "licensing", "licencing", "unlicense",
    "unlicence", "copying", "eula",
))  # fmt: skip
NOTICES = frozenset((
    "notice", "notices", "copyright", "copyrights", "attribution", "attributions",
    "acknowledgments", "acknowledgements", "thirdpartynotices", "thirdpartylicenses",
))  # fmt: skip
POLICIES = (
    {"use", "policy"}, {"usage", "policy"}, {"use", "policies"}, {"usage", "policies"},
    {"prohibited", "use"}, {"prohibited", "uses"}, {"use", "restrictions"}, {"aup"},
    {"usepolicy"},
)  # fmt: skip
_WORDS = re.compile(r"[a-z]+|[0-9]+", re.IGNORECASE)
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def kind_of(name: str) -> Kind | None:
    """What the file of this name, which may be a path, is; None for every other file."""
    folder, _, last = name[-1000:].replace("\\", "/").rpartition("/")
    stem, _, ending = last.rpartition(".")
    if stem and ending.lower() in OTHER_FILES:
        return None
    words = [word.lower() for word in _WORDS.findall(_HUMPS.sub(" ", last))]
    if any(policy <= set(words) for policy in POLICIES):
        return "use-policy"
    if _is_license(words) or any(sign in last for sign in ("许可", "授权", "라이선스")):
        return "notice" if _third_party(words) else "license"
    if NOTICES & set(words[:1]) or _third_party(words) or {"legal", "notice"} <= set(words):
        return "notice"
    return "license" if folder.rpartition("/")[2].lower() in ("licenses", "licences") else None


def _is_license(words: list[str]) -> bool:
    """Whether a word says license; `terms` only in front or before `of` and `and`."""
    if LICENSES & set(words) or any(w.startswith(("license", "licence")) for w in words[:1]):
        return True
    places = [n for n, word in enumerate(words) if word == "terms"]
    return any(n == 0 or words[n + 1 : n + 2] in (["of"], ["and"]) for n in places)


def _third_party(words: list[str]) -> bool:
    return (
        words[:2] == ["third", "party"]
        or "thirdparty" in words
        or bool(NOTICES & set(words[1:]) and "third" in words)
    )
