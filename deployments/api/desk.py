"""What every route needs: settings, jobs, who waits, and threads for pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from fastapi import Request
from prefect.client.schemas.objects import FlowRun

from deployments.api.jobs import Jobs
from deployments.api.settings import ApiSettings
from deployments.api.uploads import NAME_SHOWN, Kept, keep_picture, look_at
from deployments.api.watch import Watch
from tasks.imaging import codec
from tasks.settings import settings as flow_settings
from tasks.storage import files
from tasks.storage.bounds import canonical

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """What serves a request."""

    settings: ApiSettings
    jobs: Jobs
    watch: Watch
    threads: Executor

    async def off_loop(self, work: Callable[[], T]) -> T:
        """What `work` gives, done in a thread: decoding, encoding, reading and writing files."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    async def keep(self, data: bytes, name: str) -> Kept:
        """A picture of a request, kept where the runs find it. Raises `ImageError`."""
        place = self.settings.uploads or files.join(flow_settings().output, ".uploads")
        place = canonical(place)  # workers run in other folders
        return await self.off_loop(lambda: keep_picture(data, name, place, self.settings.max_pixels))

    async def look(self, uri: str) -> Kept:
        """A picture that is there already, looked at. Raises `ImageError`."""
        return await self.off_loop(lambda: look_at(uri, self.settings.max_pixels))

    async def keep_mask(self, data: bytes, name: str, size: tuple[int, int]) -> str:
        """URI of a mask for a picture of that size, kept where the runs find it. Raises `MaskError`."""
        await self.off_loop(lambda: codec.decode_mask(data, name=name[:NAME_SHOWN], size=size))
        return (await self.keep(data, name)).uri

    async def ended(self, edit: UUID, seconds: float) -> FlowRun | None:
        """The run once it has ended; None when that takes longer than `seconds`."""
        if seconds <= 0 or not await self.watch.wait(edit, seconds):
            return None
        return await self.jobs.client.read_flow_run(edit)


def desk(request: Request) -> Desk:
    """The desk of the app that serves the request."""
    here: Desk = request.app.state.desk
    return here
