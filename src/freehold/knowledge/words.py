"""Marks that tie a text field of a fact to a closed list, another file, or a form."""

import re

from msgspec import Struct


class In(Struct, frozen=True):
    """The text must be a word of this vocabulary (a file of `data/vocabulary/`)."""

    vocabulary: str


class Ref(Struct, frozen=True):
    """The text must be the id of a file in this folder of the knowledge base."""

    folder: str


class Form(Struct, frozen=True):
    """The text must have this form; `says` describes it in an error message."""

    pattern: re.Pattern[str]
    says: str


HTTPS = Form(re.compile(r"https://[^\s<>\"]+"), "an https:// address without spaces")
IDENTIFIER = Form(re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*"), "lower-case letters, digits, . and -")
HUB_REPOSITORY = Form(re.compile(r"[\w.-]+/[\w.-]+"), "owner/name, as the Hub writes it")
DIGEST = Form(re.compile(r"[0-9a-f]{64}"), "64 hexadecimal digits (SHA-256)")
COUNTRY = Form(re.compile(r"[A-Z]{2}|INT"), "a two-letter country code, or INT for several")
