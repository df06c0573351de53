"""What this machine is doing, every ten seconds, kept on disk or in a bucket; one process a machine.

    python -m deployments.sampler                      # below EDIT_FLOWS_MONITOR, without it below EDIT_FLOWS_OUTPUT
    python -m deployments.sampler --keep-days 30       # files of this machine that are older are removed

A small file is written each minute, and with PREFECT_API_URL set the event edit-flows.host.heartbeat is emitted, whose
absence an automation notices. A store that is away costs nothing but memory, an hour of samples at most; a Prefect
server that is away costs nothing at all. SIGTERM and Ctrl-C end it after what it holds is written.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections import deque
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Thread

from prefect.events.schemas.events import Event, Resource
from prefect.settings import PREFECT_API_URL

from tasks.domain.errors import EditFlowError
from tasks.domain.monitor.sample import INTERVAL, Sample
from tasks.emit import emit
from tasks.machine.readings import Machine
from tasks.settings import monitor_folder
from tasks.storage.monitor import forget_samples, keep_samples

HEARTBEAT = "edit-flows.host.heartbeat"
MOST = int(3600 / INTERVAL)
"""Samples held while the store is away: an hour of them."""

Samples = SimpleQueue[Sample | None]
"""From the thread that samples to one that deals with samples; None is the last."""

logger = logging.getLogger("edit-flows.sampler")


def write(samples: Samples, folder: str, keep: timedelta) -> None:
    """Write samples below `folder`, a file each minute, until None comes; what the store does not take is held."""
    held: deque[Sample] = deque(maxlen=MOST)
    cleaned: datetime | None = None
    while (sample := samples.get()) is not None:
        if held and _minute(sample) != _minute(held[-1]):
            _keep(held, folder)
        if cleaned is None or sample.at - cleaned > timedelta(hours=1):
            cleaned = sample.at
            _forget(folder, sample, keep)
        held.append(sample)
    _keep(held, folder)


def tell(samples: Samples) -> None:
    """Emit a heartbeat with the newest sample once a minute until None comes."""
    told = ""
    while (sample := samples.get()) is not None:
        if _minute(sample) != told and samples.empty():  # late is worse than left out
            told = _minute(sample)
            try:
                emit([heartbeat(sample)])
            except EditFlowError as away:
                logger.warning("no heartbeat: %s", away)


def heartbeat(sample: Sample) -> Event:
    """The event that says this machine is there, and whether it has a GPU."""
    return Event(
        event=HEARTBEAT,
        occurred=sample.at,
        resource=Resource(
            {
                "prefect.resource.id": f"edit-flows.host.{sample.host}",
                "prefect.resource.name": sample.host,
                "edit-flows.gpu": "yes" if sample.gpus else "no",  # triggers compare labels, not numbers
            }
        ),
        payload={"gpus": len(sample.gpus), "sample": sample.model_dump(mode="json")},
    )


def main(arguments: list[str]) -> int:
    """Sample until told to stop; exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.sampler", description=__doc__.split("\n")[0])
    parser.add_argument("--keep-days", type=float, default=7, help="days after which own files are removed (7)")
    parser.add_argument("--host", default="", help="what this machine is called (its host name)")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does
    machine, folder = Machine(asked.host), monitor_folder()
    written: Samples = SimpleQueue()
    writer = Thread(target=write, args=(written, folder, timedelta(days=asked.keep_days)), name="writer")
    writer.start()
    outlets = [written]
    if PREFECT_API_URL.value():
        told: Samples = SimpleQueue()
        outlets.append(told)
        Thread(target=tell, args=(told,), name="teller", daemon=True).start()
    logger.info("sampling %s every %.0f s into %s", machine.host, INTERVAL, folder)
    try:
        sample_into(machine, outlets)
    except KeyboardInterrupt:
        logger.info("ending: what is held is written")
    for outlet in outlets:
        outlet.put(None)
    writer.join()
    return 0


def sample_into(machine: Machine, outlets: list[Samples]) -> None:
    """Sample for ever, at the same seconds of every minute however long a sample takes."""
    while True:
        sample = machine.sample()
        for outlet in outlets:
            outlet.put(sample)
        time.sleep(INTERVAL - time.time() % INTERVAL)


def _keep(held: deque[Sample], folder: str) -> None:
    """Write what is held and forget it; when the store does not take it, say so and hold it."""
    if not held:
        return
    try:
        keep_samples(folder, tuple(held))
    except EditFlowError as away:
        logger.warning("%d samples are held (an hour at most): %s", len(held), away)
    else:
        held.clear()


def _forget(folder: str, sample: Sample, keep: timedelta) -> None:
    try:
        if gone := forget_samples(folder, sample.host, sample.at - keep):
            logger.info("%d files older than %s were removed", gone, keep)
    except EditFlowError as away:
        logger.warning("old files are left for the next hour: %s", away)


def _minute(sample: Sample) -> str:
    return f"{sample.at:%Y-%m-%dT%H:%M}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
