"""The certificate of Content Credentials: given, or made once for development."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tasks.domain.errors import SettingsError
from tasks.provenance import certificates
from tasks.provenance.certificates import certificate


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_KEYS", str(tmp_path / "keys"))
    certificate.cache_clear()
    yield tmp_path
    certificate.cache_clear()


def pem(key) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "ascii")


def leaf(key, *, days: int = 30, ca: bool = False) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "한빛 미디어")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return built.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


def given(monkeypatch, chain: str, key: str) -> None:
    monkeypatch.setenv("EDIT_FLOWS_C2PA_CERTIFICATE", chain)
    monkeypatch.setenv("EDIT_FLOWS_C2PA_KEY", key)


def test_a_development_chain_is_made_once_and_names_itself(folder):
    first = certificate()
    assert first.development
    assert first.signer == certificates.ORGANISATION
    certificate.cache_clear()
    assert certificate() == first
    assert [path.name for path in (folder / "keys").iterdir()] == [certificates.DEVELOPMENT]


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
    ],
)
def test_a_given_chain_is_used_from_text_and_from_files(key, algorithm, folder, monkeypatch):
    given(monkeypatch, leaf(key), pem(key))
    found = certificate()
    assert (found.algorithm, found.signer, found.development) == (algorithm, "한빛 미디어", False)
    (folder / "chain.pem").write_text(leaf(key))
    (folder / "key.pem").write_text(pem(key))
    given(monkeypatch, str(folder / "chain.pem"), str(folder / "key.pem"))
    certificate.cache_clear()
    assert certificate().signer == "한빛 미디어"


KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


@pytest.mark.parametrize(
    ("chain", "key", "told"),
    [
        (leaf(KEY), pem(OTHER), "is not the key of the first certificate"),
        (leaf(KEY, days=-1), pem(KEY), "get a new one"),
        (leaf(KEY, ca=True), pem(KEY), "is an authority's"),
        (leaf(KEY), "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----", "cannot be read"),
        ("/nowhere/chain.pem", pem(KEY), "EDIT_FLOWS_C2PA_CERTIFICATE is neither PEM text nor a file"),
        (leaf(KEY), "", "belong together"),
        ("", pem(KEY), "belong together"),
    ],
)
def test_a_chain_that_could_not_sign_is_refused_with_the_remedy(chain, key, told, monkeypatch):
    given(monkeypatch, chain, key)
    with pytest.raises(SettingsError, match=told) as refused:
        certificate()
    assert "secret" not in str(refused.value)


def test_a_kind_of_key_that_c2pa_does_not_know_is_refused(monkeypatch):
    old = dsa.generate_private_key(2048)
    given(monkeypatch, leaf(old), pem(old))
    with pytest.raises(SettingsError, match="C2PA signs with"):
        certificate()
