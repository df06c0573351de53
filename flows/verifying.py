"""The commands about receipts: verify, key and schema; no Prefect, no engine, no network."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath
from typing import Annotated

from cyclopts import Parameter

from tasks.domain.errors import ImageError, RequestError
from tasks.domain.results import receipt_schema
from tasks.domain.verification import Finding, Verification
from tasks.provenance.keys import key_id, public_key, public_pem, signing_key
from tasks.provenance.verification import Evidence, parsed
from tasks.provenance.verification import verify as look
from tasks.storage import files
from tasks.storage.records import receipt_beside

Json = Annotated[bool, Parameter(name="--json", negative="")]
SIGNS = {Finding.HOLDS: "ok ", Finding.FAILS: "BAD", Finding.OPEN: " - "}


def verify(
    output: str,
    *,
    receipt: str | None = None,
    source: str | None = None,
    mask: str | None = None,
    c2pa_anchors: Path | None = None,
    public_key_: Annotated[list[str] | None, Parameter(name="--public-key", negative="")] = None,
    json_: Json = False,
) -> int:
    """Hold a published picture against its receipt: signature, pixels, what was not touched, marks. Works offline.

    Exit code 0 when nothing fails, 2 when something does. Whose signature it is, only --public-key can tell.

    Args:
        output: The picture: a local path or s3://bucket/key.
        receipt: Its metadata; empty: the file beside the picture.
        source: The picture before the edit; empty: where the receipt says it was, if it is still there.
        mask: The mask; empty: the file beside the receipt.
        c2pa_anchors: PEM file of the C2PA authorities that are trusted, such as the C2PA trust list; else none is.
        public_key_: Key that is trusted: a PEM file, or its 32 bytes in base64; may be given again.
        json_: Print one JSON document instead of text.
    """
    place = receipt or receipt_beside(output)
    if place is None:
        raise RequestError(f"no receipt lies beside {output!r}: give it with --receipt")
    document = files.read(place)
    told = parsed(document)
    named = str(told.get("mask_uri") or "")
    folder = place.rpartition("/")[0] or "."
    evidence = Evidence(
        output=files.read(output),
        receipt=document,
        source=files.read(source) if source else _if_there(_original(told, output)),
        mask=files.read(mask) if mask else _if_there(named and files.join(folder, PurePosixPath(named).name)),
        anchors=_text(c2pa_anchors) if c2pa_anchors else "",
    )
    found = look(evidence, [public_key(text) for text in public_key_ or ()])
    print(found.model_dump_json() if json_ else _told(found, output))
    return 0 if found.verified else 2


def key() -> int:
    """Print the public key of this installation, for whoever is to verify its receipts.

    On standard output the PEM alone: python -m flows key > edit-flows.pem
    """
    found = signing_key()
    print(public_pem(found.public), end="")
    made = ", made for development: set EDIT_FLOWS_SIGNING_KEY for others to trust" if found.development else ""
    print(f"key {key_id(found.public)}{made}", file=sys.stderr)
    return 0


def schema() -> int:
    """Print the JSON schema of receipts (draft 2020-12), as published in tasks/provenance/receipt-2.schema.json."""
    print(json.dumps(receipt_schema(), indent=2, ensure_ascii=False))
    return 0


def _original(told: dict[str, object], output: str) -> str:
    """Where the receipt says the source was; empty when it does not say, or where only a network would lead."""
    original = told.get("original")
    uri = str(original.get("uri") or "") if isinstance(original, dict) else ""
    return "" if uri.startswith("s3://") and not output.startswith("s3://") else uri


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise RequestError(f"cannot read {str(path)!r}: {unreadable}; give a PEM file") from unreadable


def _if_there(uri: str) -> bytes | None:
    """The content of a file that a receipt names; None when it cannot be read here."""
    try:
        return files.read(uri) if uri else None
    except (ImageError, RequestError):
        return None


def _told(found: Verification, output: str) -> str:
    """What was found, for a person."""
    lines = [f"{'verified' if found.verified else 'NOT verified'}: {output}"]
    lines += [f"  {SIGNS[point.finding]} {point.name:<12} {point.detail}" for point in found.points]
    return "\n".join(lines)
