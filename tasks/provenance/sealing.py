"""Receipts signed, and seen through: Ed25519 over the RFC 8785 spelling of the document without `signature.value`.

Anyone can do the same with other tools: take that value out, write what is left as RFC 8785 says (keys sorted, no
spaces, numbers as ECMAScript writes them), and verify the 64 bytes over that.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from tasks.domain.models import Frozen
from tasks.domain.receipt import Signature
from tasks.provenance.keys import key_id, signing_key

FIELD, VALUE = "signature", "value"
R = TypeVar("R", bound=Frozen)


class Seal(StrEnum):
    """What a signature is worth."""

    TRUSTED = "trusted"
    """By a key that is trusted."""
    INTACT = "intact"
    """Nothing was changed since it was signed; whose the key is, is not known."""
    STRANGER = "stranger"
    """Intact, but by none of the keys that are trusted."""
    UNSIGNED = "unsigned"
    BROKEN = "broken"
    """Not what was signed."""


def sealed(record: R) -> R:
    """The record with its signature, by the key of this installation. Raises `SettingsError` without a usable key."""
    key = signing_key()
    signature = Signature(
        key_id=key_id(key.public),
        public_key=base64.b64encode(key.public.public_bytes_raw()).decode(),
        development=key.development,
    )
    signed = json.loads(record.model_copy(update={FIELD: signature}).model_dump_json())
    value = base64.b64encode(key.private.sign(_spelled(signed))).decode()
    return record.model_copy(update={FIELD: signature.model_copy(update={"value": value})})


def seal_of(document: Mapping[str, Any], trusted: Collection[Ed25519PublicKey] = ()) -> tuple[Seal, str]:
    """What the signature of a parsed receipt is worth, and why, for a person. Never raises, whatever it holds."""
    if document.get(FIELD) is None:
        return Seal.UNSIGNED, "it carries no signature"
    try:
        signature = Signature.model_validate(document[FIELD])
        raw = base64.b64decode(signature.public_key, validate=True)
        public = Ed25519PublicKey.from_public_bytes(raw)
        public.verify(base64.b64decode(signature.value, validate=True), _spelled(document))
    except (ValidationError, binascii.Error, ValueError, InvalidSignature, RecursionError) as wrong:
        reason = "it was changed after it was signed" if isinstance(wrong, InvalidSignature) else "it is malformed"
        return Seal.BROKEN, f"the signature does not hold: {reason}"
    name = key_id(public)
    if name != signature.key_id:
        return Seal.BROKEN, f"the signature names the key {signature.key_id}, but was made with {name}"
    by = f"by key {name}{' (made for development: it does not say who)' if signature.development else ''}"
    if not trusted:
        return Seal.INTACT, f"{by}; whose it is, only --public-key can tell"
    if raw in {key.public_bytes_raw() for key in trusted}:
        return Seal.TRUSTED, by
    return Seal.STRANGER, f"{by}, which is none of the keys given"


def _spelled(document: Mapping[str, Any]) -> bytes:
    """What is signed. Raises `ValueError` for a number that not every reader of JSON reads alike."""
    signature = {name: value for name, value in document[FIELD].items() if name != VALUE}
    return rfc8785.dumps({**document, FIELD: signature})
