"""python -m tests.hostile.guided PNG --seconds 300: pictures of one format, guided by coverage of Pillow's readers.

libFuzzer changes what atheris sees to reach new lines of Python; decoders written in C are not instrumented. An error
that is none of the project's ends it with the case saved as crash-HASH in the current folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # ships no types
from cyclopts import App

with atheris.instrument_imports(include=["PIL", "tasks.imaging.codec"]):
    from tasks.domain.errors import ImageError
    from tests.hostile.pictures import seeds
    from tests.hostile.sights import decode

PATIENCE, MEMORY = 10, 1536
"""Seconds and MiB a case may need."""

app = App(name="python -m tests.hostile.guided")


def once(case: bytes) -> None:
    """One case."""
    try:
        decode(case, Path())
    except ImageError:
        return


@app.default
def main(kind: str, *, seconds: int = 300) -> None:
    """Look for pictures of a format that break the decoder.

    Args:
        kind: PNG, JPEG, WEBP, GIF, TIFF or BMP.
        seconds: How long.
    """
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds(kind)):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", f"-timeout={PATIENCE}", f"-rss_limit_mb={MEMORY}", "-max_len=20000"]
        atheris.Setup([sys.argv[0], *limits, corpus], once)
        atheris.Fuzz()


if __name__ == "__main__":
    app()
