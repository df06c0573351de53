"""The child process that gives cases to a surface, and tells what became of each."""

from __future__ import annotations

import os
import re
import resource
import sys
import time
import traceback
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

MEMORY = 1536 * 2**20
"""Bytes a case may need, the process that it runs in included."""
CEILING = 6 * 2**30
"""Bytes of addresses, so that a bomb ends this process and not the machine."""
CHANGES = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.remove", "os.rmdir"}
STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Done(NamedTuple):
    """What became of a case."""

    refused: bool
    finding: str
    """What must not be; empty when all is well."""
    seconds: float
    """Of a processor."""
    peak: int
    """Bytes of memory the process had at most meanwhile."""
    case: bytes = b""
    """What it was, when there is a finding."""


class Guard:
    """Watches what the interpreter opens, changes, starts and connects to while a case runs."""

    def __init__(self, output: Path) -> None:
        self.output = str(output)
        self.seen: list[str] = []
        self.armed = False
        sys.addaudithook(self.notice)

    def notice(self, event: str, args: tuple[Any, ...]) -> None:
        """Note what must not be."""
        if not self.armed:
            return
        if event == "open" and isinstance(args[2], int) and args[2] & WRITING:
            self._changed(args[0])
        elif event in CHANGES:
            for path in args[:2]:
                self._changed(path)
        elif event in STARTS:
            self.seen.append(f"started a process: {args[:2]!r}")
        elif event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in {"127.0.0.1", "::1"}:
            self.seen.append(f"connected to {args[1]!r}")

    def _changed(self, path: object) -> None:
        if not isinstance(path, (str, bytes)):
            return  # a file that is open already
        place = os.path.realpath(os.fsdecode(path))
        if place != os.devnull and not f"{place}/".startswith(f"{self.output}/"):
            self.seen.append(f"wrote outside the output: {place!r}")


def work(told: Connection, name: str, start: int, first: int, count: int, box: Path) -> None:
    """Run cases `first` to `count` of a surface below the folder `box`; tells `told` the number of each, then `Done`.

    The case that is being run lies in box/case.
    """
    sys.dont_write_bytecode = True
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(box / "hypothesis")
    from tests.hostile.surfaces import surface

    found = surface(name)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff has a word about every broken file
    resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))
    output = (box / "out").resolve()
    output.mkdir(parents=True, exist_ok=True)
    os.chdir(output)
    guard = Guard(output)
    for number, case in islice(enumerate(found.cases(start, count)), first, None):
        (box / "case").write_bytes(case)
        told.send(number)
        told.send(run(found, case, output, guard))
    told.close()


def run(surface: Any, case: bytes, output: Path, guard: Guard) -> Done:
    """What became of one case."""
    from tests.hostile.surface import unclear

    guard.seen.clear()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from here
    guard.armed, begun, refused, finding = True, time.process_time(), False, ""
    try:
        surface.call(case, output)
    except surface.refusals as refusal:
        refused, finding = True, unclear(refusal) and f"{type(refusal).__name__}: {unclear(refusal)}"
    except BaseException as fault:  # noqa: BLE001  whatever it is, it is a finding
        last = traceback.extract_tb(fault.__traceback__)[-1]
        finding = f"{type(fault).__name__}: {str(fault)[:200]} ({Path(last.filename).name}:{last.lineno})"
    finally:
        guard.armed = False
    peak = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) * 1024
    if peak > MEMORY:
        finding = finding or f"needed {peak / 2**20:.0f} MiB"
    finding = finding or "; ".join(guard.seen[:3])
    return Done(refused, finding, time.process_time() - begun, peak, case if finding else b"")
