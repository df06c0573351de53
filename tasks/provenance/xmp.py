"""XMP: what a picture says of itself to whoever reads its metadata, by the IPTC Photo Metadata Standard 2025.1."""

from __future__ import annotations

import io
import warnings
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image
from pydantic import Field

from tasks.domain.models import Frozen

EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
XMP = "http://ns.adobe.com/xap/1.0/"
OWN = "urn:edit-flows:xmp:1/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
MOST_BYTES = 256 * 1024
"""Of a packet that is read: ours has one kilobyte, those of raw developers some tens."""


class Origin(Frozen):
    """Where a picture comes from."""

    source_type: str = Field(default="", description="IPTC Digital Source Type, a URI; empty: not said.")
    tool: str = Field(default="", description="What wrote it.")
    system: str = Field(default="", description="The AI model, where one was used.")
    system_version: str = ""
    identity: str = Field(default="", description="Of the work in its receipt; empty in pictures of others.")


FIELDS = {
    "source_type": (EXT, "DigitalSourceType"),
    "tool": (XMP, "CreatorTool"),
    "system": (EXT, "AISystemUsed"),
    "system_version": (EXT, "AISystemVersionUsed"),
    "identity": (OWN, "identity"),
}


def packet(origin: Origin) -> bytes:
    """The XMP packet that says so, UTF-8."""
    prefixes = {EXT: "Iptc4xmpExt", XMP: "xmp", OWN: "editflows"}
    said = {f"{prefixes[space]}:{name}": getattr(origin, field) for field, (space, name) in FIELDS.items()}
    said["xmp:MetadataDate"] = datetime.now(UTC).isoformat(timespec="seconds")
    shown = {name: "".join(filter(str.isprintable, value)) for name, value in said.items()}  # no control codes
    attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in shown.items() if value)
    spaces = " ".join(f'xmlns:{prefix}="{space}"' for space, prefix in prefixes.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about="" {spaces} {attributes}/></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def read(data: bytes) -> Origin | None:
    """What the XMP of a picture says; None without any that can be read, whatever the file holds."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:  # large, yet allowed
            raw = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or b""
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, Image.DecompressionBombError):
        return None
    text = raw if isinstance(raw, bytes) else str(raw).encode(errors="replace")
    if not text or len(text) > MOST_BYTES:
        return None
    try:
        tree: Element = fromstring(text.strip(b"\0 \r\n\t"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return None
    return Origin(**{field: _value(tree, f"{{{space}}}{name}") for field, (space, name) in FIELDS.items()})


def _value(tree: Element, name: str) -> str:
    """A simple property, written as an attribute or as an element; empty when it is not there."""
    for element in tree.iter():
        if name in element.attrib:
            return element.attrib[name].strip()
        if element.tag == name:
            return (element.text or element.attrib.get(f"{{{_RDF}}}resource", "")).strip()
    return ""
