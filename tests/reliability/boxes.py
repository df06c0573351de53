"""In which box of the diagram each process of a flow run is just now, read from a log that its tasks write."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml

STARTING, ENDING = "starting", "publish"
LAST = "metadata"
"""The last task, where there is no result cache; publish, which comes after it, is none."""
LINE = re.compile(r"^([\d.]+) (\d+) (\w+)[^|]*\|(Created task run|Finished in state)")


@dataclass(frozen=True)
class Place:
    """Where a process is, and since when (the clock of `time.time`)."""

    box: str
    since: float


def write_logging(folder: Path) -> Path:
    """A logging configuration: Prefect's own, and every beginning and end of a task as a line of `boxes.log`."""
    config = yaml.safe_load((files("prefect") / "logging" / "logging.yml").read_text())
    config["formatters"]["boxes"] = {"format": "%(created)f %(process)d %(task_name)s|%(message)s"}
    config["handlers"]["api"]["level"] = "INFO"
    config["handlers"]["boxes"] = {
        "class": "logging.FileHandler",
        "filename": str(folder / "boxes.log"),
        "formatter": "boxes",
    }
    config["loggers"]["prefect.task_runs"] = {"level": "DEBUG", "handlers": ["api", "boxes"], "propagate": False}
    path = folder / "logging.yml"
    path.write_text(yaml.safe_dump(config))
    return path


class Boxes:
    """Reads the log as it grows."""

    def __init__(self, folder: Path) -> None:
        self._log, self._read = folder / "boxes.log", 0
        self._now: dict[int, Place] = {}
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def of(self, pid: int) -> Place:
        """Where that process is, or was when it died."""
        self._follow()
        return self._now.get(pid, Place(STARTING, 0.0))

    def usual(self, box: str) -> float:
        """Seconds that box usually takes."""
        return statistics.median(self._seconds[box]) if self._seconds[box] else 0.3

    def _follow(self) -> None:
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if found := LINE.match(line):
                self._enter(float(found[1]), int(found[2]), found[3], begun=found[4].startswith("Created"))

    def _enter(self, at: float, pid: int, box: str, *, begun: bool) -> None:
        if begun:
            self._now[pid] = Place(box, at)
            return
        if pid in self._now:
            self._seconds[box].append(at - self._now[pid].since)
        self._now[pid] = Place(ENDING if box == LAST else "between two boxes", at)
