"""The signing key: given, or made once for development."""

import base64
import multiprocessing
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tasks.domain.errors import RequestError, SettingsError
from tasks.provenance import keys


def pem(key) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "ascii")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("EDIT_FLOWS_SIGNING_KEY", raising=False)
    keys.signing_key.cache_clear()
    yield tmp_path / "keys"
    keys.signing_key.cache_clear()


def test_a_development_key_is_made_once_and_said_to_be_one(folder, caplog):
    first = keys.signing_key()
    assert first.development
    assert "development key, made now" in caplog.text
    keys.signing_key.cache_clear()
    assert keys.key_id(keys.signing_key().public) == keys.key_id(first.public)
    assert stat.S_IMODE((folder / keys.DEVELOPMENT).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [keys.DEVELOPMENT]


def first_key(_: int) -> str:
    return keys.key_id(keys.signing_key().public)


def test_processes_that_start_together_get_the_same_key():
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(first_key, range(8), chunksize=1))) == 1


@pytest.mark.parametrize("form", ["text", "file"])
def test_a_given_key_is_used_and_is_no_development_key(form, tmp_path, monkeypatch):
    mine = Ed25519PrivateKey.generate()
    (tmp_path / "mine.pem").write_text(pem(mine))
    monkeypatch.setenv("EDIT_FLOWS_SIGNING_KEY", pem(mine) if form == "text" else str(tmp_path / "mine.pem"))
    found = keys.signing_key()
    assert not found.development
    assert found.public.public_bytes_raw() == mine.public_key().public_bytes_raw()


def test_a_key_can_be_a_secret_of_the_prefect_server(prefect_server, monkeypatch):
    from prefect.blocks.system import Secret

    mine = Ed25519PrivateKey.generate()
    Secret(value=pem(mine)).save("signing-key", overwrite=True)
    monkeypatch.setenv("EDIT_FLOWS_SIGNING_KEY", "prefect:signing-key")
    assert keys.signing_key().public.public_bytes_raw() == mine.public_key().public_bytes_raw()
    keys.signing_key.cache_clear()
    monkeypatch.setenv("EDIT_FLOWS_SIGNING_KEY", "prefect:no-such-key")
    with pytest.raises(SettingsError, match="'no-such-key', which does not exist"):
        keys.signing_key()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pem(generate_private_key(SECP256R1())), "another kind of key"),
        ("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----", "no PEM private key"),
        ("/nowhere/key.pem", "neither PEM text nor a file"),
    ],
)
def test_what_is_no_ed25519_key_is_refused_with_the_remedy(given, told, monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_SIGNING_KEY", given)
    with pytest.raises(SettingsError, match=told) as refused:
        keys.signing_key()
    assert "nonsense" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EDIT_FLOWS_KEYS", str(tmp_path / "file" / "keys"))
    with pytest.raises(SettingsError, match="EDIT_FLOWS_KEYS"):
        keys.signing_key()


@pytest.mark.parametrize("form", ["pem", "file", "raw"])
def test_a_public_key_is_read_in_every_form_it_is_told_in(form, tmp_path):
    public = keys.signing_key().public
    (tmp_path / "public.pem").write_text(keys.public_pem(public))
    told = {
        "pem": keys.public_pem(public),
        "file": str(tmp_path / "public.pem"),
        "raw": base64.b64encode(public.public_bytes_raw()).decode(),
    }[form]
    assert keys.key_id(keys.public_key(told)) == keys.key_id(public)


def test_what_is_no_public_key_is_refused():
    for wrong in ("nonsense", pem(Ed25519PrivateKey.generate()), "AAAA"):
        with pytest.raises(RequestError, match="public key"):
            keys.public_key(wrong)
