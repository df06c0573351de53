"""One process that edits and stays for the next edit: no start of a process, no loading of models, for each run.

    python -m deployments.api.resident

reads ids of edit-image runs from standard input, does each, and says so on standard output. It ends with its input,
also in the middle of a run: then the API that started it is gone, and whoever comes next begins the run again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from queue import SimpleQueue
from uuid import UUID

from PIL import Image
from prefect.context import SyncClientContext
from prefect.flow_engine import run_flow

from flows.edit import edit_image
from flows.persistent import Persistent
from tasks.engines.text_reader import read_text

DONE = b"done\n"
LAST_WORDS = 5.0
"""Seconds a process that is told to end has to remove what it laid down."""


class Died(Exception):
    """The process ended in the middle of a run."""


class Resident:
    """The process, seen from the API; started when first needed, and again after it died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Have the process there, and its models loaded by the time they are needed."""
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "deployments.api.resident",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )

    async def do(self, run: UUID) -> None:
        """Return when the run has ended, however; raises `Died` when the process did instead."""
        await self.start()
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:  # pragma: no cover  it was started
            raise Died("it was not started")
        process.stdin.write(f"{run}\n".encode())
        if await process.stdout.readline() != DONE:
            raise Died(f"it ended with {await process.wait()}")

    async def end(self) -> None:
        """Return when the process is gone; what it was doing has crashed."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), LAST_WORDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def execute(run: UUID) -> None:
    """Do one run in this process. How it ended stands in its state, errors as well."""
    with SyncClientContext(httpx_settings={"transport": Persistent()}) as prefect:
        found = prefect.client.read_flow_run(run)
        run_flow(edit_image, flow_run=found, return_type="state")


def main() -> None:
    """Do what comes in, one after the other."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever else prints goes where logs go
    runs: SimpleQueue[UUID] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            runs.put(UUID(line.strip()))
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, name="listening", daemon=True).start()
    read_text(Image.new("RGB", (64, 64), "white"))  # loads the models that read text
    while True:
        execute(runs.get())
        answers.write(DONE)


if __name__ == "__main__":
    main()
