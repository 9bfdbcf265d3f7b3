"""Marks that tie a text field of a fact to a closed list, another file, or a form."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class In:
    """The text must be a word of this vocabulary (a file of `data/vocabulary/`)."""

    vocabulary: str


@dataclass(frozen=True, slots=True)
class Ref:
    """The text must be the id of a file in this folder of the knowledge base."""

    folder: str


@dataclass(frozen=True, slots=True)
class Form:
    """The text must have this form; `says` describes it in an error message."""

    pattern: re.Pattern[str]
    says: str


HTTPS = Form(re.compile(r"https://[^\s<>\"]+"), "an https:// address without spaces")
IDENTIFIER = Form(re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*"), "lower-case letters, digits, . and -")
HUB_REPOSITORY = Form(re.compile(r"[\w.-]+/[\w.-]+"), "owner/name, as the Hub writes it")
DIGEST = Form(re.compile(r"[0-9a-f]{64}"), "64 hexadecimal digits (SHA-256)")
COUNTRY = Form(re.compile(r"[A-Z]{2}|INT"), "a two-letter country code, or INT for several")
