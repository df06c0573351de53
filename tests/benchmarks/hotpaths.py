"""CPU milliseconds of an edit of about one megapixel, by kind of edit and by function, with an engine that is instant.

    python -m tests.benchmarks.hotpaths [--pictures N]

Looks, things changed where words or a mask say, and words changed (English, Chinese, Korean) in photographs, scenes and
posters that all differ, answered as drawn, through JPEG, resampled, or as a latent model gives them back. Beside each
kind stands its floor: the source decoded, the result encoded, both and their files hashed, and for words one reading of
the result. CPU time of all threads of the process, so a busy machine hardly matters. To compare two commits, run this
file in a checkout of each, one after the other.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import io
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from PIL import Image
from prefect import Task
from scipy import ndimage

from tasks.domain.models import EditRequest, EditType, OutputFormat
from tasks.domain.results import Outcome
from tasks.engines.text_reader import read_text
from tasks.imaging import codec
from tests.benchmarks.instant import Call, answering, edited, plainly
from tests.edits.damage import HARMLESS
from tests.edits.pair import Pair
from tests.edits.scenes import appearance_pairs, look_pairs
from tests.edits.texts import text_pairs

MEGAPIXEL = (850_000, 1_150_000)
"""Pixels of the pictures taken."""
LANGUAGES = ("en", "zh", "ko")
WARM_UP, PROFILED = 3, 4
"""Pictures of each kind before those that are timed, which read fonts, certificates and models, and after them, since a
profiler slows down what it looks at."""
DEAREST = 8
"""Functions listed for each kind."""
FLOOR = ("files and hashes", "one reading")
BOXES = ("load", "prepare", "edit", "preserve", "validate", "save", "metadata")
"""Boxes that take a millisecond or more."""

_Made = TypeVar("_Made")


def looks(seed: int) -> Pair:
    """A picture in another look."""
    return next(look_pairs(seed, "test"))


def things(seed: int) -> Pair:
    """A thing changed where words say."""
    return replace(_scene(seed)[seed % len(HARMLESS)], mask=None)


def masked_things(seed: int) -> Pair:
    """The same under a mask."""
    source, clean = (np.asarray(picture) for picture in (_scene(seed)[0].source, _scene(seed)[0].result))
    return replace(things(seed), mask=ndimage.binary_dilation((source != clean).any(axis=-1), iterations=6))


def words(seed: int) -> Pair:
    """A line of a poster replaced or removed."""
    good = text_pairs(seed, LANGUAGES[seed % len(LANGUAGES)], "test")
    return next(islice(good, seed % len(HARMLESS), None))


KINDS: Mapping[str, Callable[[int], Pair]] = {
    "look": looks,
    "thing, by words": things,
    "thing, by mask": masked_things,
    "words": words,
}


@lru_cache(maxsize=1)
def _scene(seed: int) -> list[Pair]:
    """The good edits of a scene: they come first, once for every harmless way to give a picture back."""
    return list(islice(appearance_pairs(seed, "test"), len(HARMLESS)))


def drawn(kind: str) -> Iterator[Pair]:
    """Edits of that kind in pictures of about a megapixel, without end."""
    for seed in count():
        pair = KINDS[kind](seed)
        if MEGAPIXEL[0] <= pair.source.width * pair.source.height <= MEGAPIXEL[1]:
            yield pair


@dataclass
class Clock:
    """Calls boxes and remembers the CPU milliseconds of each."""

    spent: dict[str, float] = field(default_factory=dict)

    def __call__(self, box: Task[..., _Made], *given: Any) -> _Made:
        return self.timed(box.name.split()[0], lambda: box.fn(*given))

    def timed(self, name: str, work: Callable[[], _Made]) -> _Made:
        begun = time.process_time()
        made = work()
        self.spent[name] = 1000 * (time.process_time() - begun)
        return made


def asked(pair: Pair, call: Call) -> bool:
    """True when the edit was accepted; `call` calls its boxes."""
    with TemporaryDirectory() as folder:
        source, mask = Path(folder, "source.png"), Path(folder, "mask.png")
        pair.source.save(source)
        if pair.mask is not None:
            Image.fromarray(pair.mask).convert("L").save(mask)
        where = str(mask) if pair.mask is not None else None
        request = EditRequest(image=str(source), prompt=pair.prompt, edit_type=pair.edit_type, mask=where)
        answering(pair.result)
        return edited(request, str(Path(folder, "out")), call).outcome is Outcome.ACCEPTED


def floor(pair: Pair, clock: Clock) -> None:
    """Do only what no edit can do without: its files and hashes and, for words, one reading of the result."""
    buffer = io.BytesIO()
    pair.source.save(buffer, "PNG")
    clock.timed(FLOOR[0], lambda: _files(buffer.getvalue(), pair.result))
    if pair.edit_type is EditType.TEXT:
        fresh = pair.result.copy()
        fresh.putpixel((0, 0), (1, 2, 3))  # what was read is remembered by its pixels
        clock.timed(FLOOR[1], lambda: read_text(fresh))


def _files(source: bytes, result: Image.Image) -> None:
    written = codec.encode(result, OutputFormat.PNG)
    for data, picture in ((source, codec.decode(source, name="the source")), (written, result)):
        hashlib.sha256(data)
        codec.pixel_sha256(picture)


def measure(pictures: int) -> tuple[dict[str, pd.DataFrame], dict[str, cProfile.Profile]]:
    """For each kind of edit its CPU milliseconds, a row for each of so many pictures, and the profile of a few more."""
    pairs = {kind: drawn(kind) for kind in KINDS}
    rows: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    profiles = {kind: cProfile.Profile(time.process_time) for kind in KINDS}
    for kind in (*KINDS,) * WARM_UP:
        asked(next(pairs[kind]), plainly)
    for kind in (*KINDS,) * pictures:
        rows[kind].append(timed(next(pairs[kind])))
    for kind in (*KINDS,) * PROFILED:
        asked(next(pairs[kind]), partial(_profiled, profiles[kind]))
    return {kind: pd.DataFrame(found) for kind, found in rows.items()}, profiles


def timed(pair: Pair) -> dict[str, float]:
    """CPU milliseconds of an edit by box, of its floor by part, and of both; whether it was accepted."""
    clock, least = Clock(), Clock()
    accepted = asked(pair, clock)
    floor(pair, least)
    sums = {"all": sum(clock.spent.values()), "floor": sum(least.spent.values())}
    return {"accepted": float(accepted)} | clock.spent | least.spent | sums


def _profiled(profile: cProfile.Profile, box: Task[..., _Made], *given: Any) -> _Made:
    return profile.runcall(box.fn, *given)


def dearest(profile: cProfile.Profile) -> pd.Series[float]:
    """Shares of the functions that take most by themselves, calls of others not counted."""
    entries = profile.getstats()
    own = pd.Series([entry.inlinetime for entry in entries], [_name(entry.code) for entry in entries])
    return (own.groupby(level=0).sum() / own.sum()).nlargest(DEAREST)


def _name(code: CodeType | str) -> str:
    """What a function is called: that of a library as it calls itself, ours with its file."""
    return code if isinstance(code, str) else f"{Path(code.co_filename).stem}.{code.co_qualname}"


def main(pictures: int) -> None:
    """Print what each kind of edit costs and where it goes."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores  Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}  {machine}  CPU ms an edit of a megapixel, {pictures} pictures")
    tables, profiles = measure(pictures // len(KINDS))
    medians = pd.DataFrame({kind: table.median() for kind, table in tables.items()}).T
    spread = pd.Series({kind: table["all"].quantile(0.9) for kind, table in tables.items()})
    columns = ["all", "p90", "floor", *FLOOR, *BOXES]
    print(medians.assign(p90=spread)[columns].round(0).to_string(na_rep=""))
    for kind, table in tables.items():
        shares = ", ".join(f"{name} {share:.0%}" for name, share in dearest(profiles[kind]).items())
        print(f"{kind}: {table['accepted'].mean():.0%} accepted; dearest {shares}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=60, metavar="N", help="all kinds together (60)")
    main(parser.parse_args().pictures)
