"""What a picture says of itself in XMP, and what is made of hostile XMP."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tasks.domain.models import OutputFormat
from tasks.imaging import codec
from tasks.provenance import xmp
from tasks.provenance.xmp import Origin

TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SAID = Origin(
    source_type=TYPE, tool="edit-flows 1", system="Qwen/큐웬 <&\">'", system_version="2511", identity="ab" * 32
)


def picture(mode: str = "RGB") -> Image.Image:
    samples = np.random.default_rng(1).integers(0, 256, (24, 32, len(mode)), np.uint8)
    return Image.fromarray(samples)


@pytest.mark.parametrize("output_format", OutputFormat)
def test_every_format_carries_it_and_no_pixel_changes(output_format):
    plain = codec.encode(picture(), output_format)
    told = codec.encode(picture(), output_format, xmp=xmp.packet(SAID))
    assert xmp.read(told) == SAID
    assert xmp.read(plain) is None
    assert codec.pixel_sha256(codec.decode(told, name="a")) == codec.pixel_sha256(codec.decode(plain, name="b"))


@given(st.text(), st.text())
def test_any_name_of_a_model_is_carried_but_for_what_xml_cannot_hold(system, version):
    said = Origin(
        system=system.encode(errors="replace").decode(), system_version=version.encode(errors="replace").decode()
    )
    found = xmp.read(codec.encode(picture(), OutputFormat.PNG, xmp=xmp.packet(said)))
    printable = "".join(filter(str.isprintable, said.system)).strip()
    assert found
    assert found.system == printable


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool (libimage-exiftool-perl) is not installed")
@pytest.mark.parametrize("output_format", OutputFormat)
def test_exiftool_reads_it(output_format, tmp_path):
    path = tmp_path / f"a.{output_format}"
    path.write_bytes(codec.encode(picture(), output_format, xmp=xmp.packet(SAID)))
    (read,) = json.loads(subprocess.run(["exiftool", "-j", "-XMP:all", path], capture_output=True, check=True).stdout)
    assert read["DigitalSourceType"].endswith(("compositeWithTrainedAlgorithmicMedia", "Media"))
    assert read["CreatorTool"] == "edit-flows 1"


def test_a_property_written_as_an_element_by_another_tool_is_read():
    raw = xmp.packet(Origin(source_type="x")).decode()
    start, end = raw.index("<rdf:Description"), raw.index("</rdf:RDF>")
    element = (
        f'<rdf:Description rdf:about="" xmlns:e="{xmp.EXT}"><e:DigitalSourceType> {TYPE} </e:DigitalSourceType>'
        "</rdf:Description>"
    )
    data = codec.encode(picture(), OutputFormat.PNG, xmp=(raw[:start] + element + raw[end:]).encode())
    assert xmp.read(data) == Origin(source_type=TYPE)


BOMB = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><x>&j;</x>"
)


@pytest.mark.parametrize(
    "packet",
    [
        BOMB,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>",
        b"\xff\xfe<",
        b"",
        b"<" * 9999,
        b"<a>" * 9999,
    ],
    ids=["entities", "external", "unclosed", "utf-16", "empty", "brackets", "deep"],
)
def test_hostile_xmp_says_nothing(packet):
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", xmp=packet)
    assert xmp.read(buffer.getvalue()) is None


@given(st.binary(max_size=200))
def test_what_is_no_picture_says_nothing(data):
    assert xmp.read(data) is None
