"""A published picture held against its receipt by somebody who has the files and nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from flows.__main__ import main
from flows.edit import edit_image
from tasks.domain.errors import RequestError
from tasks.domain.models import EditRequest, OutputFormat
from tasks.domain.results import EditResult
from tasks.domain.verification import Finding
from tasks.imaging import codec
from tasks.provenance import keys
from tasks.provenance.sealing import sealed
from tasks.provenance.verification import Evidence, verify
from tests.drawing import Item, poster

CASES = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Published(NamedTuple):
    """What somebody is given."""

    result: EditResult
    evidence: Evidence


@pytest.fixture(scope="module")
def edited(prefect_server, tmp_path_factory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    source = folder / "포스터.png"
    poster("slope", Item("Summer Sale"), Item("Open daily from nine", size=30, at=(60, 200))).save(source)
    result = edit_image(
        EditRequest(image=str(source), prompt="Change the text 'Summer Sale' to 'Winter Sale'"), str(folder / "out")
    )
    picture, receipt, mask = (
        Path(uri).read_bytes() for uri in (result.output.uri, result.metadata_uri, result.mask_uri)
    )
    return Published(result, Evidence(picture, receipt, source.read_bytes(), mask))


def failing(evidence: Evidence, *trusted: Any) -> set[str]:
    return {point.name for point in verify(evidence, trusted).points if point.finding is Finding.FAILS}


def repainted(data: bytes, x: int, y: int, channel: int, change: int) -> bytes:
    """The picture with one sample changed, its file otherwise as good as before."""
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image).copy()
    row, column = y % pixels.shape[0], x % pixels.shape[1]
    if pixels.ndim == 2:
        pixels[row, column] ^= 255
    else:
        pixels[row, column, channel] ^= change
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in pairs for leaf in leaves(inner, (*path, key))]
    return [path]


def altered(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x" if not value or value[-1] != "x" else value[:-1]
        case None:
            return "something"
        case _:
            return [*value, 1] if isinstance(value, list) else {**value, "more": 1}


def test_what_was_published_holds_in_every_point_that_can_be_looked_at(edited):
    assert failing(edited.evidence) == set()
    found = {point.name: point for point in verify(edited.evidence).points}
    assert found["untouched"].finding is Finding.HOLDS
    assert edited.result.untouched
    assert edited.result.untouched.fraction > 0.8
    assert f"{edited.result.untouched.pixels} pixels" in found["untouched"].detail


def test_the_signature_says_whose_only_to_those_who_trust_a_key(edited):
    mine, other = keys.signing_key().public, Ed25519PrivateKey.generate().public_key()
    assert failing(edited.evidence, mine) == set()
    assert failing(edited.evidence, other, mine) == set()
    assert failing(edited.evidence, other) == {"signature"}


@CASES
@given(x=st.integers(0, 4000), y=st.integers(0, 4000), channel=st.integers(0, 2), change=st.integers(1, 255))
def test_one_changed_sample_of_the_picture_is_seen(edited, x, y, channel, change):
    forged = edited.evidence._replace(output=repainted(edited.evidence.output, x, y, channel, change))
    assert {"file", "pixels"} <= failing(forged)


@CASES
@given(x=st.integers(0, 4000), y=st.integers(0, 4000))
def test_one_changed_pixel_of_the_mask_is_seen(edited, x, y):
    assert edited.evidence.mask
    assert "mask" in failing(edited.evidence._replace(mask=repainted(edited.evidence.mask, x, y, 0, 255)))


@CASES
@given(st.data())
def test_one_changed_field_of_the_receipt_is_seen(edited, data):
    document = json.loads(edited.evidence.receipt)
    path = data.draw(st.sampled_from(leaves(document)))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = altered(inner[path[-1]])
    forged = edited.evidence._replace(receipt=json.dumps(document).encode())
    with suppress(RequestError):  # no receipt of this format any more: refused as a whole
        assert "signature" in failing(forged), path


@CASES
@given(position=st.integers(0, 10**7), bit=st.integers(0, 7))
def test_one_changed_bit_of_any_file_is_seen(edited, position, bit):
    for name in ("output", "receipt"):
        data = bytearray(getattr(edited.evidence, name))
        data[position % len(data)] ^= 1 << bit
        try:
            assert failing(edited.evidence._replace(**{name: bytes(data)})), name
        except RequestError:
            assert name == "receipt"


def test_a_receipt_without_its_signature_is_not_verified(edited):
    document = json.loads(edited.evidence.receipt)
    del document["signature"]
    assert failing(edited.evidence._replace(receipt=json.dumps(document).encode())) == {"signature"}


def test_whoever_signs_anew_is_found_out_by_the_key_and_by_the_pixels(edited, monkeypatch):
    """A forger who changes a pixel outside the mask, mends every hash and signs with a key of their own."""
    evidence, result = edited.evidence, edited.result
    assert evidence.mask
    with Image.open(io.BytesIO(evidence.mask)) as mask:
        row, column = np.argwhere(np.asarray(mask) == 0)[0]
    picture = repainted(evidence.output, int(column), int(row), 0, 1)
    shown = codec.decode(picture, name="forged")
    output = result.output.model_copy(
        update={"file_sha256": hashlib.sha256(picture).hexdigest(), "sha256": codec.pixel_sha256(shown)}
    )
    theirs = keys.SigningKey(Ed25519PrivateKey.generate(), development=False)
    mine = keys.signing_key().public
    monkeypatch.setattr("tasks.provenance.sealing.signing_key", lambda: theirs)
    receipt = (
        sealed(result.model_copy(update={"output": output, "marks": None, "signature": None}))
        .model_dump_json()
        .encode()
    )
    forged = evidence._replace(output=picture, receipt=receipt)
    assert "untouched" in failing(forged)
    assert failing(forged._replace(source=None)) == set()  # nothing but the key tells without the source
    assert "signature" in failing(forged._replace(source=None), mine)


def test_another_source_or_one_that_is_away_is_told(edited):
    other = repainted(edited.evidence.source or b"", 3, 3, 0, 64)
    assert {"source", "untouched"} <= failing(edited.evidence._replace(source=other))
    points = {point.name: point for point in verify(edited.evidence._replace(source=None)).points}
    assert points["source"].finding is points["untouched"].finding is Finding.OPEN
    assert "--source" in points["source"].detail


@pytest.mark.parametrize(
    "receipt", [b"", b"[]", b"{", b'{"a": 1}', b"\xff", b'{"a": NaN}', b'{"a":1,"a":1}', b"[" * 9999]
)
def test_what_is_no_receipt_is_refused(edited, receipt):
    with pytest.raises(RequestError, match="receipt"):
        verify(edited.evidence._replace(receipt=receipt))


def test_the_command_finds_receipt_source_and_mask_itself_and_prints_a_table(edited, tmp_path, capsys):
    assert main(["verify", edited.result.output.uri]) == 0
    told = capsys.readouterr().out
    assert told.startswith("verified: ")
    assert "BAD" not in told
    folder = tmp_path / "weitergegeben"
    shutil.copytree(Path(edited.result.output.uri).parent, folder)
    moved = folder / Path(edited.result.output.uri).name
    moved.write_bytes(repainted(moved.read_bytes(), 1, 1, 0, 1))
    assert main(["verify", str(moved)]) == 2
    told = capsys.readouterr().out
    assert told.startswith("NOT verified: ")
    assert "BAD untouched" in told


def test_the_command_prints_json_and_takes_keys_in_every_form(edited, tmp_path, capsys):
    assert main(["key"]) == 0
    printed = capsys.readouterr()
    assert "development" in printed.err
    (tmp_path / "key.pem").write_text(printed.out)
    for form in (str(tmp_path / "key.pem"), base64.b64encode(keys.signing_key().public.public_bytes_raw()).decode()):
        assert main(["verify", edited.result.output.uri, "--public-key", form, "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["verified"]
        assert answer["points"][0]["detail"].startswith("trusted")
    assert main(["verify", edited.result.output.uri, "--public-key", "nobody"]) == 1
    assert "public key" in capsys.readouterr().err


def test_the_published_schema_is_that_of_the_receipts_written_now(edited, capsys):
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert printed == Path("tasks/provenance/receipt-2.schema.json").read_text(encoding="utf-8"), (
        "renew it: python -m flows schema > tasks/provenance/receipt-2.schema.json"
    )
    jsonschema.validate(json.loads(edited.evidence.receipt), json.loads(printed))


def test_a_picture_without_a_receipt_is_an_error_with_the_remedy(tmp_path, capsys):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert main(["verify", str(tmp_path / "a.png")]) == 1
    assert "--receipt" in capsys.readouterr().err


@pytest.mark.parametrize("output_format", OutputFormat)
def test_every_format_verifies(prefect_server, edited, tmp_path, output_format, capsys):
    request = edited.result.request.model_copy(update={"output_format": output_format})
    result = edit_image(request, str(tmp_path))
    assert main(["verify", result.output.uri]) == 0
    told = capsys.readouterr().out
    proved = "looked at again" if output_format is not OutputFormat.JPEG else "told of the unmarked master"
    assert proved in told
