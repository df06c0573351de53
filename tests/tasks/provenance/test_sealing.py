"""Signatures of receipts, held against other tools than our own."""

from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from tasks.domain.models import Frozen
from tasks.domain.receipt import Signature
from tasks.provenance import keys
from tasks.provenance.sealing import Seal, seal_of, sealed


class Note(Frozen):
    """A small record."""

    text: str = ""
    number: float = 0.0
    whole: int = 0
    at: datetime = datetime(2026, 11, 26, tzinfo=UTC)
    labels: dict[str, str] = Field(default_factory=dict)
    signature: Signature | None = None


def written(note: Note) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sealed(note).model_dump_json())
    return found


@given(
    st.builds(
        Note,
        text=st.text(st.characters(codec="utf-8")),
        number=st.floats(allow_nan=False, allow_infinity=False),
        whole=st.integers(-(2**53) + 1, 2**53 - 1),
        labels=st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))),
    )
)
def test_whatever_a_record_holds_its_signature_holds_after_it_was_written_and_read(note):
    assert seal_of(written(note))[0] is Seal.INTACT


def test_spaces_and_the_order_of_fields_do_not_matter():
    document = written(Note(text="여름", labels={"b": "2", "a": "1"}))
    turned = json.loads(json.dumps(dict(reversed(document.items())), indent=7))
    assert seal_of(turned)[0] is Seal.INTACT


def test_openssl_agrees(tmp_path):
    document = written(Note(text="포스터", number=0.1, labels={"campaign": "夏"}))
    value = document["signature"].pop("value")
    (tmp_path / "signed").write_bytes(rfc8785.dumps(document))
    (tmp_path / "value").write_bytes(base64.b64decode(value))
    (tmp_path / "key.pem").write_text(keys.public_pem(keys.signing_key().public))
    command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile value"
    told = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in told.stdout, told.stderr


@pytest.mark.parametrize("field", ["algorithm", "canonicalisation", "key_id", "public_key", "development", "value"])
def test_no_part_of_the_signature_itself_can_be_changed(field):
    document = written(Note())
    old = document["signature"][field]
    document["signature"][field] = (not old) if isinstance(old, bool) else f"A{old[1:]}"
    assert seal_of(document)[0] is Seal.BROKEN


@pytest.mark.parametrize("signature", [1, [], "x", {}, {"value": None}, {"value": "ü"}])
def test_a_malformed_signature_is_broken_not_an_error(signature):
    assert seal_of({"signature": signature})[0] is Seal.BROKEN


def test_a_number_that_readers_take_differently_does_not_hold():
    document = written(Note())
    document["whole"] = 2**60
    assert seal_of(document)[0] is Seal.BROKEN


def test_whose_a_signature_is_depends_on_the_keys_that_are_trusted():
    document, mine = written(Note()), keys.signing_key().public
    other = Ed25519PrivateKey.generate().public_key()
    assert seal_of(document, [other, mine])[0] is Seal.TRUSTED
    assert seal_of(document, [other])[0] is Seal.STRANGER
    assert seal_of({"text": "x"}, [mine])[0] is Seal.UNSIGNED
