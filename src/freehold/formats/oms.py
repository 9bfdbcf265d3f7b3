"""The form of signatures of models: OpenSSF Model Signing 1.0, with a bare key.

A signature file is a Sigstore bundle of version 0.3. In it is an envelope (DSSE) with a statement
(in-toto) that lists every file with its digest. Form and names after the specification of May
2026 and the files that model-signing 1.1.1 writes (2026-11-28). Nothing here reads keys or models.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.structured import refuse_doubles
from freehold.formats.text import plain, read_bytes, shown

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
LARGEST = 64 * 2**20
"""Bytes of a signature file: some 300,000 files."""


class Statement(Struct, frozen=True):
    """What was signed: the model's name, how its files were read, and the digest of each.

    `digests` are by name; in the method `shards` a name is `path:start:end`.
    """

    name: str
    digests: dict[str, tuple[str, str]]
    method: str = "files"
    hash: str = "sha256"
    follow_links: bool = False
    ignored: tuple[str, ...] = ()
    shard_size: int = 0


class Envelope(Struct, frozen=True):
    """What a bundle carries: the payload as it was signed, the signature, and which key made it."""

    payload: bytes
    signature: bytes
    key: str | None


def written_statement(statement: Statement) -> bytes:
    """The payload to sign; files in the order of their names."""
    names = sorted(statement.digests)
    serialization = {
        "method": statement.method,
        "hash_type": statement.hash,
        "allow_symlinks": statement.follow_links,
        "ignore_paths": list(statement.ignored),
    }
    resources = [
        {"name": name, "algorithm": digest[0], "digest": digest[1]}
        for name, digest in ((name, statement.digests[name]) for name in names)
    ]
    told = {
        "_type": STATEMENT,
        "subject": [{"name": statement.name, "digest": {"sha256": root(resources)}}],
        "predicateType": PREDICATE,
        "predicate": {"serialization": serialization, "resources": resources},
    }
    return json.dumps(told, ensure_ascii=False).encode()


def root(resources: Iterable[Mapping[str, str]]) -> str:
    """One digest over all digests, in their order."""
    whole = sha256()
    for resource in resources:
        whole.update(bytes.fromhex(resource["digest"]))
    return whole.hexdigest()


def signed_bytes(payload: bytes) -> bytes:
    """What the key signs: the payload with its type and length before it."""
    return f"DSSEv1 {len(PAYLOAD)} {PAYLOAD} {len(payload)} ".encode() + payload


def written_bundle(payload: bytes, signature: bytes, key: str) -> bytes:
    """The signature file."""
    told = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": key}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD,
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return json.dumps(told).encode()


def read_bundle(path: Path) -> Envelope:
    """What a signature file carries; BrokenInput when it is not of this form."""
    name = shown(path)
    told = _json(read_bytes(path, LARGEST), name)
    try:
        envelope = told["dsseEnvelope"]
        (signature,) = envelope["signatures"]
        material = told["verificationMaterial"]
        found = Envelope(
            base64.b64decode(envelope["payload"], validate=True),
            base64.b64decode(signature["sig"], validate=True),
            material["publicKey"].get("hint") if "publicKey" in material else None,
        )
        types = told["mediaType"], envelope["payloadType"]
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise BrokenInput(f"{name}: is no signature of a model") from error
    if types != (BUNDLE, PAYLOAD):
        raise BrokenInput(f"{name}: is a signature of another kind: {plain(str(types))[:200]}")
    if "publicKey" not in material:
        raise BrokenInput(
            f"{name}: was made with a certificate or an identity, not with a bare key",
            hint="verify it with the package model-signing",
        )
    return found


def read_statement(payload: bytes, name: str) -> Statement:
    """What was signed; BrokenInput when it is no statement, or contradicts itself."""
    told = _json(payload, name)
    try:
        (subject,) = told["subject"]
        predicate = told["predicate"]
        how, resources = predicate["serialization"], predicate["resources"]
        if (told["_type"], told["predicateType"]) != (STATEMENT, PREDICATE):
            raise BrokenInput(f"{name}: holds a statement of another kind")
        if root(resources) != subject["digest"]["sha256"]:
            raise BrokenInput(f"{name}: its digest is not that of the files it lists")
        found = Statement(
            str(subject["name"]),
            {str(one["name"]): (str(one["algorithm"]), str(one["digest"])) for one in resources},
            str(how["method"]),
            str(how["hash_type"]),
            how.get("allow_symlinks") in (True, "true"),
            tuple(map(str, how.get("ignore_paths", ()))),
            int(how.get("shard_size", 0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenInput(f"{name}: holds no statement about a model") from error
    if len(found.digests) != len(resources):
        raise BrokenInput(f"{name}: lists a file twice")
    return found


def _json(content: bytes, name: str) -> Any:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BrokenInput(f"{name}: is no signature of a model") from error
    refuse_doubles(content, name)
    return told
