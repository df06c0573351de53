"""The Ed25519 key that receipts are signed with: of the settings, else a development key made on first use."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.domain.errors import RequestError, SettingsError
from tasks.environment import PROJECT, read
from tasks.provenance.secrets import secret

DEVELOPMENT = "receipts-development.pem"
"""Name of the development key in the key folder."""

logger = logging.getLogger(__name__)


class KeySettings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_KEYS, EDIT_FLOWS_SIGNING_KEY."""

    model_config = SettingsConfigDict(env_prefix=PROJECT, env_ignore_empty=True, frozen=True)

    keys: Path = Field(default=Path("~/.edit-flows"), description="Folder of the keys made here for development.")
    signing_key: SecretStr = Field(
        default=SecretStr(""), description="Ed25519 private key: PEM text, a file of it, or prefect:NAME of a secret."
    )


class SigningKey(NamedTuple):
    """What signs, and whether it was only made for development."""

    private: Ed25519PrivateKey
    development: bool

    @property
    def public(self) -> Ed25519PublicKey:
        """What verifies."""
        return self.private.public_key()


def key_folder() -> Path:
    """Where keys made for development lie; it need not be there yet."""
    return read(KeySettings).keys.expanduser()


def keep(path: Path, data: bytes) -> bytes:
    """The content of a private file, written now unless it is there: of several writers, all get the first's.

    Only its owner may read it. Raises `SettingsError` where nothing can be written or read.
    """
    part = path.parent / f".{uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            with suppress(FileExistsError):
                path.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)
        return path.read_bytes()
    except OSError as unwritable:
        raise SettingsError(
            f"no key can be kept in {str(path.parent)!r} ({unwritable.strerror}): set EDIT_FLOWS_KEYS to a folder that "
            "can be written, or give keys of your own (EDIT_FLOWS_SIGNING_KEY, EDIT_FLOWS_C2PA_KEY)"
        ) from unwritable


@cache
def signing_key() -> SigningKey:
    """The key of this installation, looked for once. Raises `SettingsError` when what is set is no Ed25519 key."""
    given = read(KeySettings).signing_key.get_secret_value()
    if given:
        return SigningKey(_private(secret(given, "EDIT_FLOWS_SIGNING_KEY"), "EDIT_FLOWS_SIGNING_KEY"), False)  # noqa: FBT003  the field's name says it
    path = key_folder() / DEVELOPMENT
    try:
        data = path.read_bytes()
    except OSError:
        made = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        data = keep(path, made)
        logger.warning("receipts are signed with a development key, made now: %s (EDIT_FLOWS_SIGNING_KEY)", path)
    return SigningKey(_private(data, str(path)), development=True)


def key_id(public: Ed25519PublicKey) -> str:
    """Short name of a public key: the first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]


def public_pem(public: Ed25519PublicKey) -> str:
    """The key as others are given it."""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_key(text: str) -> Ed25519PublicKey:
    """The public key in PEM text, a file of it, or the base64 of its 32 bytes as receipts hold it.

    Raises `RequestError` for anything else.
    """
    with suppress(ValueError):
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    try:
        found = load_pem_public_key(secret(text, "the public key"))
    except SettingsError as unreadable:
        raise RequestError(str(unreadable)) from unreadable
    except (ValueError, UnsupportedAlgorithm) as broken:
        raise RequestError(
            f"the public key {text[:80]!r} is no PEM public key: python -m flows key prints one"
        ) from broken
    if not isinstance(found, Ed25519PublicKey):
        raise RequestError(f"the public key {text[:80]!r} is no Ed25519 key: receipts are signed with Ed25519")
    return found


def _private(data: bytes, where: str) -> Ed25519PrivateKey:
    remedy = "make one with: openssl genpkey -algorithm ed25519"
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as broken:
        raise SettingsError(f"{where} holds no PEM private key without a password: {remedy}") from broken
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"{where} holds another kind of key than Ed25519: {remedy}")
    return key
