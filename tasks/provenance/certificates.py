"""The certificate that Content Credentials are signed with: of the settings, else a development chain of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.domain.errors import SettingsError
from tasks.environment import read
from tasks.provenance.keys import keep, key_folder
from tasks.provenance.secrets import secret

DEVELOPMENT = "c2pa-development.pem"
"""Name of the development chain, its key first, in the key folder."""
ORGANISATION = "edit-flows development"
"""Whom a development certificate names, so that every viewer tells it from a real one."""
VALID = timedelta(days=3650)
"""Of a development chain: pictures signed with it should not turn invalid while somebody tries things out."""
CERTIFICATE, KEY = "EDIT_FLOWS_C2PA_CERTIFICATE", "EDIT_FLOWS_C2PA_KEY"


class CertificateSettings(BaseSettings):
    """Read from the environment: EDIT_FLOWS_C2PA_CERTIFICATE, _KEY and _TSA."""

    model_config = SettingsConfigDict(env_prefix="EDIT_FLOWS_C2PA_", env_ignore_empty=True, frozen=True)

    certificate: str = Field(default="", description="Chain in PEM, the leaf first: text, file or prefect:NAME.")
    key: SecretStr = Field(default=SecretStr(""), description="Its private key: text, file or prefect:NAME.")
    tsa: str = Field(
        default="", pattern=r"^(https?://\S+)?$", description="URL of a time-stamp authority; empty: none is asked."
    )


class Certificate(NamedTuple):
    """What signs a picture."""

    algorithm: str
    """As C2PA names it."""
    chain: bytes
    key: bytes
    signer: str
    """Whom it names."""
    development: bool
    tsa: str


@cache
def certificate() -> Certificate:
    """The certificate of this installation, looked for once.

    Raises `SettingsError` for a chain that does not fit its key, is not valid now, or begins with an authority.
    """
    settings = read(CertificateSettings)
    given, key = settings.certificate, settings.key.get_secret_value()
    if bool(given) != bool(key):
        raise SettingsError(f"{CERTIFICATE} and {KEY} belong together: set both, or neither")
    if given:
        return _checked(secret(given, CERTIFICATE), secret(key, KEY), settings.tsa, development=False)
    path = key_folder() / DEVELOPMENT
    try:
        kept = path.read_bytes()
    except OSError:
        kept = keep(path, _made())
    return _checked(kept, kept, settings.tsa, development=True)


def _checked(chain: bytes, key: bytes, tsa: str, *, development: bool) -> Certificate:
    try:
        leaf, *_ = x509.load_pem_x509_certificates(chain)
        private = load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as broken:
        raise SettingsError(
            f"{CERTIFICATE} and {KEY} cannot be read: PEM, the key without a password ({broken})"
        ) from broken
    if private.public_key() != leaf.public_key():
        raise SettingsError(f"{KEY} is not the key of the first certificate in {CERTIFICATE}: the leaf comes first")
    if _is_authority(leaf):
        raise SettingsError(f"the first certificate in {CERTIFICATE} is an authority's: put the one that signs first")
    if not leaf.not_valid_before_utc <= datetime.now(UTC) <= leaf.not_valid_after_utc:
        raise SettingsError(
            f"the certificate in {CERTIFICATE} is valid from {leaf.not_valid_before_utc:%Y-%m-%d} to "
            f"{leaf.not_valid_after_utc:%Y-%m-%d}: get a new one"
        )
    names = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME) or leaf.subject.get_attributes_for_oid(
        NameOID.COMMON_NAME
    )
    signer = str(names[0].value) if names else leaf.subject.rfc4514_string()
    pem = leaf.public_bytes(Encoding.PEM) + b"".join(
        one.public_bytes(Encoding.PEM) for one in x509.load_pem_x509_certificates(chain)[1:]
    )
    plain = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(_algorithm(private), pem, plain, signer, development, tsa)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _algorithm(private: object) -> str:
    """The C2PA algorithm of a key (C2PA 2.2, 13.2). Raises `SettingsError` for one it does not allow."""
    match private:
        case EllipticCurvePrivateKey() if isinstance(private.curve, SECP256R1):
            return "es256"
        case EllipticCurvePrivateKey() if isinstance(private.curve, SECP384R1):
            return "es384"
        case Ed25519PrivateKey():
            return "ed25519"
        case RSAPrivateKey():
            return "ps256"
        case _:
            raise SettingsError(f"{KEY}: C2PA signs with P-256, P-384, Ed25519 or RSA keys, not with this one")


def _made() -> bytes:
    """A new development chain, PEM: key, leaf, root."""
    root_key, leaf_key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    root = _certificate("development root", root_key, None, root_key)
    leaf = _certificate("development signer", leaf_key, root, root_key)
    key = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)


def _certificate(
    name: str, key: EllipticCurvePrivateKey, issuer: x509.Certificate | None, issuer_key: EllipticCurvePrivateKey
) -> x509.Certificate:
    """A certificate by the profile of C2PA 2.2, 14.5; without an issuer a root."""
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION)]
    )
    is_root, now = issuer is None, datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
