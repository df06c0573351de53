"""Content Credentials (C2PA): a signed manifest in the file that says what was done, and what it was made from.

Written last: any other change of the file breaks them. No thumbnails (they would be 260 kB of 4), no prompt (it is
private), no network unless a time-stamp authority is set.
"""

from __future__ import annotations

import io
import json
import warnings
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from c2pa import Builder, C2paError, C2paSignerInfo, Context, Reader, Signer
from PIL import Image

from tasks import __version__
from tasks.domain.errors import OutputError
from tasks.domain.models import Frozen, OutputFormat
from tasks.provenance.certificates import CERTIFICATE, ORGANISATION, Certificate

TYPES = {OutputFormat.PNG: "image/png", OutputFormat.JPEG: "image/jpeg", OutputFormat.WEBP: "image/webp"}
RECEIPT = "org.edit-flows.receipt"
"""Label of our own assertion: which receipt tells more."""
SOURCE = "source"
ANY = "application/octet-stream"
"""Type of an ingredient that C2PA does not read: only its hash is kept."""
OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}


class State(StrEnum):
    """What credentials are worth."""

    TRUSTED = "trusted"
    """Whole, and signed under an authority that is trusted."""
    VALID = "valid"
    """Whole; who signed is not known to be who they say."""
    INVALID = "invalid"
    """Not what was signed."""


class Claim(NamedTuple):
    """What a manifest says was done."""

    action: str
    source_type: str
    """IPTC Digital Source Type; empty: not said."""
    agent: str
    """Model that did it; empty: this software."""
    agent_version: str
    identity: str
    """Of the work in its receipt."""
    master_sha256: str
    watermark: tuple[str, str] | None = None
    """Algorithm and payload of an invisible mark."""


class Credentials(Frozen):
    """What was read from a picture."""

    state: State
    problems: tuple[str, ...] = ()
    signer: str = ""
    development: bool = False
    source_types: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    identity: str = ""
    master_sha256: str = ""
    source_manifest: bool = False


def sign(data: bytes, output_format: OutputFormat, claim: Claim, source: bytes, certificate: Certificate) -> bytes:
    """The file with a manifest in it, whose parent is `source` with whatever manifest that has itself.

    Raises `OutputError` when the certificate is not one that C2PA signs with.
    """
    with Builder(_manifest(claim), context=_quiet()) as builder:
        _add_parent(builder, source)
        signed = io.BytesIO()
        try:
            info = C2paSignerInfo(
                alg=certificate.algorithm.encode(),
                sign_cert=certificate.chain,
                private_key=certificate.key,
                ta_url=certificate.tsa.encode() or None,
            )
            with Signer.from_info(info) as signer:
                builder.sign(signer, TYPES[output_format], io.BytesIO(data), signed)
        except C2paError as refused:
            raise OutputError(f"the picture cannot be signed: {refused}; check {CERTIFICATE}") from refused
    return signed.getvalue()


def read(data: bytes, anchors: str = "") -> Credentials | None:
    """What the manifest of a picture says; None without one, or when the file is of no kind that holds one.

    Args:
        data: The file.
        anchors: Certificates of the authorities that are trusted, PEM; empty: none is.

    """
    kind = media_type(data)
    if kind == ANY:
        return None
    try:
        reader = Reader.try_create(kind, io.BytesIO(data), context=_trusting(anchors))
        if reader is None:
            return None
        with reader:
            told = json.loads(reader.json())
            state = str(reader.get_validation_state() or "Invalid")
    except C2paError as broken:
        absent = isinstance(broken, C2paError.ManifestNotFound | C2paError.NotSupported)
        return None if absent else Credentials(state=State.INVALID, problems=(str(broken)[:200],))
    return _understood(told, State(state.lower()))


def media_type(data: bytes) -> str:
    """The media type of a picture by its content; `application/octet-stream` for anything that is none."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:  # large, yet allowed
            return Image.MIME.get(image.format or "", ANY)
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, Image.DecompressionBombError):
        return ANY


def _manifest(claim: Claim) -> dict[str, Any]:
    done: dict[str, Any] = {"action": claim.action, "when": datetime.now(UTC).isoformat(timespec="seconds")}
    done["softwareAgent"] = {"name": claim.agent or "edit-flows", "version": claim.agent_version or __version__}
    if claim.source_type:
        done["digitalSourceType"] = claim.source_type
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [SOURCE]}}
    assertions: list[dict[str, Any]] = [
        {"label": "c2pa.actions.v2", "data": {"actions": [opened, done]}},
        {"label": RECEIPT, "data": {"identity": claim.identity, "master_sha256": claim.master_sha256}},
    ]
    if claim.watermark:
        algorithm, payload = claim.watermark
        binding = {"alg": algorithm, "blocks": [{"scope": {}, "value": payload}]}
        assertions.append({"label": "c2pa.soft-binding", "data": binding})
    return {
        "claim_generator_info": [{"name": "edit-flows", "version": __version__}],
        "title": "edited picture",
        "assertions": assertions,
    }


def _add_parent(builder: Builder, source: bytes) -> None:
    """Name the source as what was opened. One that C2PA cannot read is named all the same, without a manifest."""
    ingredient = {"title": "source", "relationship": "parentOf", "label": SOURCE}
    try:
        builder.add_ingredient(ingredient, media_type(source), io.BytesIO(source))
    except C2paError:
        builder.add_ingredient(ingredient, ANY, io.BytesIO(source))


def _understood(told: dict[str, Any], state: State) -> Credentials:
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    data = {one["label"].partition("__")[0]: one.get("data", {}) for one in active.get("assertions", ())}
    actions = data.get("c2pa.actions.v2", data.get("c2pa.actions", {})).get("actions", ())
    receipt, signature = data.get(RECEIPT, {}), active.get("signature_info", {})
    signer = str(signature.get("issuer") or signature.get("common_name") or "")
    return Credentials(
        state=state,
        problems=tuple(dict.fromkeys(str(one.get("code")) for one in told.get("validation_status") or ())),
        signer=signer,
        development=signer == ORGANISATION,
        source_types=tuple(str(one["digitalSourceType"]) for one in actions if "digitalSourceType" in one),
        actions=tuple(str(one.get("action")) for one in actions),
        identity=str(receipt.get("identity", "")),
        master_sha256=str(receipt.get("master_sha256", "")),
        source_manifest=any(
            one.get("active_manifest") for one in active.get("ingredients", ()) if one.get("relationship") == "parentOf"
        ),
    )


@cache
def _quiet() -> Context:
    return Context.from_dict({"builder": {"thumbnail": {"enabled": False}}, "verify": OFFLINE})


@cache
def _trusting(anchors: str) -> Context:
    trust = {"trust": {"trust_anchors": anchors}} if anchors else {}
    return Context.from_dict({"verify": OFFLINE | {"verify_trust": True}, **trust})
