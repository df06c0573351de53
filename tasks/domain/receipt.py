"""What a result's metadata attests: what was not touched, how the file is marked, who signed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.domain.marking import EditClass
from tasks.domain.models import Box, Frozen, Label


class Untouched(Frozen):
    """The proof that nothing outside the mask changed. It binds the master: the picture before encoding and marking."""

    mask_sha256: str = Field(description="SHA-256 of the mask's decoded pixels; white may differ, black may not.")
    tolerance: Literal[0] = Field(default=0, description="Levels a sample may differ by: none.")
    pixels: int = Field(ge=0, description="Pixels outside the mask, all of them compared.")
    differing: int = Field(ge=0, description="How many of those differ in any sample.")
    fraction: float = Field(ge=0, le=1, description="Share of the picture that is proved equal to the source.")


class LabelMark(Frozen):
    """The visible label, as it was drawn."""

    language: Label
    text: str
    box: Box = Field(description="What it covers; without a watermark, every pixel outside is the master's.")


class Watermark(Frozen):
    """The invisible mark, as it was laid over every pixel."""

    algorithm: str
    payload: str = Field(description="What it says, in hexadecimal: the first digits of the identity.")
    psnr_db: float = Field(description="Of the marked picture against the master: how much it altered, in decibel.")


class CredentialsMark(Frozen):
    """The C2PA manifest in the file."""

    signer: str = Field(description="Whom the certificate names.")
    development: bool = Field(description="True for a certificate made here: it proves that nothing changed, not who.")
    source_manifest: bool = Field(description="True when the source carried a manifest of its own, which was kept.")


class Applied(Frozen):
    """How the published file is marked, read back from it after it was written last."""

    edit_class: EditClass
    reason: str = Field(description="Why it is marked so, or not at all.")
    identity: str = Field(description="Identity of the work that the marks name.")
    source_type: str = Field(default="", description="IPTC Digital Source Type in XMP and C2PA; empty: unmarked.")
    xmp: bool = False
    credentials: CredentialsMark | None = None
    label: LabelMark | None = None
    label_missing: str = Field(default="", description="Why a label that was asked for is not there.")
    watermark: Watermark | None = None
    watermark_missing: str = Field(default="", description="Why a watermark that is set is not there.")
    exif_kept: bool = Field(default=False, description="Whether the source's EXIF is in the file.")
    master_sha256: str = Field(description="SHA-256 of the decoded pixels before encoding and marking.")
    same_pixels: bool = Field(
        description="True when the file decodes to the master's pixels: then it carries the proof of what is untouched."
    )


class Signature(Frozen):
    """Ed25519 over the document without `value`, in its RFC 8785 spelling."""

    algorithm: Literal["Ed25519"] = "Ed25519"
    canonicalisation: Literal["RFC 8785"] = "RFC 8785"
    key_id: str = Field(description="First 16 hex digits of the SHA-256 of the public key.")
    public_key: str = Field(description="Base64 of its 32 bytes: enough to see whether anything was changed.")
    development: bool = Field(description="True for a key made here for development: it says nothing about who signed.")
    value: str = Field(default="", description="Base64 of the 64 bytes.")
