"""Content Credentials in a file: what they say, what breaks them, what they make of odd sources."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks.domain.models import OutputFormat
from tasks.imaging import codec
from tasks.provenance import credentials
from tasks.provenance.certificates import ORGANISATION, certificate
from tasks.provenance.credentials import Claim, Credentials, State, read, sign

TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
CLAIM = Claim("c2pa.edited", TYPE, "Qwen/Qwen-Image-Edit-2511", "abc", "ab" * 32, "cd" * 32)


def seen(data: bytes, anchors: str = "") -> Credentials:
    found = read(data, anchors)
    assert found is not None
    return found


def picture(seed: int = 1) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8))


def file(output_format: OutputFormat = OutputFormat.PNG, seed: int = 1) -> bytes:
    return codec.encode(picture(seed), output_format)


def signed(
    data: bytes, output_format: OutputFormat = OutputFormat.PNG, source: bytes = b"", claim: Claim = CLAIM
) -> bytes:
    return sign(data, output_format, claim, source or file(), certificate())


@pytest.mark.parametrize("output_format", OutputFormat)
def test_a_signed_file_says_what_was_done_and_keeps_every_pixel(output_format):
    plain = file(output_format)
    data = signed(plain, output_format)
    found = seen(data)
    assert found
    assert (found.state, found.signer, found.development) == (State.VALID, ORGANISATION, True)
    assert found.problems == ("signingCredential.untrusted",)
    assert found.actions == ("c2pa.opened", "c2pa.edited")
    assert found.source_types == (TYPE,)
    assert (found.identity, found.master_sha256) == (CLAIM.identity, CLAIM.master_sha256)
    assert not found.source_manifest
    assert len(data) - len(plain) < 6_000
    assert codec.pixel_sha256(codec.decode(data, name="a")) == codec.pixel_sha256(codec.decode(plain, name="b"))


def test_who_trusts_the_authority_trusts_the_file():
    assert seen(signed(file()), certificate().chain.decode()).state is State.TRUSTED


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**7), st.integers(0, 7), st.sampled_from(OutputFormat))
def test_one_changed_bit_is_seen_or_changes_nothing(position, bit, output_format):
    """Bytes that only fill up the manifest are not signed."""
    whole = signed(file(output_format), output_format)
    data = bytearray(whole)
    data[position % len(data)] ^= 1 << bit
    found = read(bytes(data))
    if found is not None and found.state is not State.INVALID:
        assert found == read(whole)
        pixels, others = (codec.pixel_sha256(codec.decode(bytes(one), name="a")) for one in (data, whole))
        assert pixels == others


def test_saving_the_picture_anew_loses_them():
    buffer = io.BytesIO()
    Image.open(io.BytesIO(signed(file()))).save(buffer, "PNG")
    assert read(buffer.getvalue()) is None


def test_the_credentials_of_a_source_are_kept():
    first = signed(file(seed=1))
    second = signed(file(seed=2), source=first)
    found = seen(second)
    assert found.state is State.VALID
    assert found.source_manifest


@pytest.mark.parametrize(
    "source", [b"nonsense", b"", file()[:200], signed(file())[:900]], ids=["text", "empty", "cut", "torn"]
)
def test_a_source_that_cannot_be_read_is_named_all_the_same(source):
    found = seen(sign(file(), OutputFormat.PNG, CLAIM, source, certificate()))
    assert found.state is State.VALID
    assert "c2pa.opened" in found.actions


def test_a_source_whose_credentials_are_broken_does_not_break_ours():
    source = bytearray(signed(file()))
    source[-200] ^= 1
    assert seen(signed(file(seed=3), source=bytes(source))).state is State.VALID


def test_a_source_of_a_kind_without_credentials_is_named_as_well():
    buffer = io.BytesIO()
    picture().save(buffer, "BMP")
    assert seen(signed(file(), source=buffer.getvalue())).state is State.VALID


def test_the_prompt_is_nowhere_and_a_watermark_is_told_of():
    data = signed(file(), claim=CLAIM._replace(watermark=("org.edit-flows.test", "aabbccdd")))
    assert b"aabbccdd" in data
    assert seen(data).state is State.VALID


def test_several_threads_sign_at_once():
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda seed: signed(file(seed=seed), source=file(seed=seed)), range(32)))
    assert all(seen(data).state is State.VALID for data in files)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_what_is_no_picture_has_none(data):
    assert read(data) is None
    cut = read(b"\x89PNG\r\n\x1a\n" + data)
    assert cut is None or cut.state is State.INVALID
    assert credentials.media_type(data) == credentials.ANY
