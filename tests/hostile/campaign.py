"""Runs surfaces in child processes, kills what hangs, keeps what was found, and says how it went."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from tests.hostile.worker import Done, work

PATIENCE = 10.0
"""Seconds of a processor one case may take: those on the clock also measure who else is at work here."""
STUCK = 60.0
"""Seconds on the clock that it may take, waiting included."""
START = 300.0
"""Seconds on the clock for a child to import what it tests and to draw its cases."""
MOST = 20
"""Findings of one surface after which it is left."""


@dataclass
class Tally:
    """How a surface did."""

    surface: str
    cases: int = 0
    refused: int = 0
    slowest: float = 0.0
    peak: int = 0
    findings: dict[str, str] = field(default_factory=dict)
    """File of the case -> what was wrong."""

    def row(self) -> str:
        """One line of the table."""
        return (
            f"{self.surface:<24} {self.cases:>6} {self.refused:>8} {self.cases - self.refused:>8} "
            f"{len(self.findings):>8} {self.slowest:>8.2f} s {self.peak / 2**20:>7.0f} MiB"
        )


HEAD = f"{'surface':<24} {'cases':>6} {'refused':>8} {'accepted':>8} {'findings':>8} {'slowest':>10} {'peak':>11}"


def campaign(
    names: Sequence[str], seed: int, count: int, keep: Path, told: Callable[[Tally], None], workers: int = 2
) -> list[Tally]:
    """Every surface given `count` cases; the cases of findings are written to `keep`."""

    def one(name: str) -> Tally:
        tally = examine(name, seed, count, keep)
        told(tally)
        return tally

    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(one, names))


def examine(name: str, seed: int, count: int, keep: Path) -> Tally:
    """One surface given `count` cases. A case that ends its process costs no other."""
    tally = Tally(name)
    box = Path(tempfile.mkdtemp(prefix="hostile-"))
    try:
        while tally.cases < count and len(tally.findings) < MOST:
            _follow(tally, seed, count, box, keep)
        if strays := [str(path) for path in box.iterdir() if path.name not in {"out", "case", "hypothesis"}]:
            tally.findings["(all)"] = f"left outside the output: {strays[:3]}"
    finally:
        shutil.rmtree(box)
    return tally


def _follow(tally: Tally, seed: int, count: int, box: Path, keep: Path) -> None:
    """A child from the case after the last to its end, or to that of the case that breaks it."""
    ours, its = multiprocessing.Pipe(duplex=False)
    make = multiprocessing.get_context("spawn").Process
    child = make(target=work, args=(its, tally.surface, seed, tally.cases, count, box), daemon=True)
    child.start()
    its.close()
    running = False
    try:
        while tally.cases < count and len(tally.findings) < MOST:
            if not _answers(ours, child.pid or 0, PATIENCE if running else START, STUCK if running else START):
                child.kill()
                _note(tally, _last(box), keep, "it does not end")
                return
            told = ours.recv()
            running = not isinstance(told, Done)
            if isinstance(told, Done):
                _count(tally, told, keep)
    except EOFError:
        child.join()
        if not (box / "case").exists():
            raise RuntimeError(f"{tally.surface} cannot be tested: see the error above") from None
        _note(tally, _last(box), keep, f"the process ended with {child.exitcode}")
    finally:
        ours.close()
        child.join(5)
        if child.is_alive():
            child.kill()


def _answers(ours: Connection, pid: int, busy: float, stuck: float) -> bool:
    """True when the child tells something before it was busy or stuck for so many seconds."""
    clock, processor = time.monotonic(), _used(pid)
    while not ours.poll(1.0):
        if time.monotonic() - clock > stuck or _used(pid) - processor > busy:
            return False
    return True


def _used(pid: int) -> float:
    """Seconds of a processor that a process has used; 0 when it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _count(tally: Tally, done: Done, keep: Path) -> None:
    tally.slowest = max(tally.slowest, done.seconds)
    tally.peak = max(tally.peak, done.peak)
    tally.refused += done.refused
    if done.finding:
        _note(tally, done.case, keep, done.finding)
    else:
        tally.cases += 1


def _last(box: Path) -> bytes:
    """The case that was being run; empty when none was drawn yet."""
    case = box / "case"
    return case.read_bytes() if case.exists() else b""


def _note(tally: Tally, case: bytes, keep: Path, what: str) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"\W+", "-", tally.surface)
    name = f"{slug}--{hashlib.sha256(case).hexdigest()[:12]}"
    (keep / name).write_bytes(case)
    tally.findings[name] = what
    tally.cases += 1
