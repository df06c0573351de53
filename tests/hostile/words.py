"""Values as strangers write them: text with everything in it, and documents of any shape around the fields we know."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

ODD = (
    "",
    " ",
    "\0",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "%2e%2e%2fetc%2fpasswd",
    "..\\..\\windows",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/",
    "s3://",
    "s3://../x",
    "s3://outbox/../../x",
    "\ud800",
    "a\nb",
    "a\r\nX-Evil: 1",
    "\u202egnp.exe",
    "👩‍👩‍👧‍👦" * 20,
    "한" * 300,
    "x" * 5000,
    "{{7*7}}",
    "${HOME}",
    "$(id)",
    "'; DROP TABLE runs;--",
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A1",
    "NaN",
    "1e999",
    "-0",
    "null",
    "~",
    "yes",
    "0x10",
    "2026-11-26",
    "!!python/object/apply:os.system ['id']",
    "&a [*a]",
    "\ufeff",
    "\u0000\u0001\u007f\u0085\u2028",
)
NUMBERS = (0, -1, 1, 7, 2**31, 2**53, 2**64, 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan"))

text = st.sampled_from(ODD) | st.text(st.characters(), max_size=60)
"""Text, surrogates included."""
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | text
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4))
"""Anything that JSON can write, and a little more."""


def near(sound: Mapping[str, Any], names: Iterable[str] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """A sound document with up to three fields made something else, lost or added."""
    fields = st.sampled_from(sorted({*sound, *names})) | text
    changed = st.dictionaries(fields, values, max_size=3)
    lost = st.sets(st.sampled_from(sorted(sound)), max_size=1)
    return st.builds(
        lambda new, gone: {key: value for key, value in (dict(sound) | new).items() if key not in gone}, changed, lost
    )


def as_json(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """The documents written as JSON, by a lenient writer or cut."""
    return cut(documents.map(lambda document: json.dumps(document).encode()))


def as_yaml(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """The documents written as YAML, as JSON (which is YAML) or cut."""
    written = documents.map(lambda document: yaml.safe_dump(document, allow_unicode=True).encode(errors="replace"))
    return cut(written | documents.map(lambda document: json.dumps(document).encode()))


def cut(files: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """The files, some with something hostile in their middle, some cut there."""
    middles = (
        b"",
        b"\0",
        b"\xff\xfe",
        b"&a",
        b"*a",
        b"!!set",
        b"? ",
        b"[" * 3000,
        b"{" * 3000,
        b'"a":',
        b"\n- ",
        b"\t",
    )

    def broken(file: bytes, share: float, middle: bytes, ends: bool) -> bytes:
        at = int(share * len(file))
        return file[:at] + middle + (b"" if ends else file[at:])

    return files | st.builds(broken, files, st.floats(0, 1), st.sampled_from(middles), st.booleans())


def placed(case: bytes, folder: Path, name: str) -> str:
    """A file in the folder with the case in it."""
    path = folder / name
    path.write_bytes(case)
    return str(path)
