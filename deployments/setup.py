"""Work pools, their queues, all deployments and automations on a Prefect server, made or brought up to date.

    python -m deployments.setup                          # waits for the server that PREFECT_API_URL names
    python -m deployments.setup --pool-type kubernetes   # a run is a job; or docker: a container; process: a process
    python -m deployments.setup --wait                   # only waits until that has been done

Doing it again changes nothing that is right. Exit code 1 when the server does not answer in time or a pool is of
another type.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import yaml
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from pydantic import BaseModel, Field

from deployments.automations import NotThere, described, register
from deployments.forms import make_readable
from deployments.template import TYPES, job_template

HERE = Path(__file__).parent
PATIENCE = 120.0
"""Seconds the server is given to answer."""
READY = "edit-image/edit-image"
"""The deployment whose presence shows that the set-up was done."""


class Pool(BaseModel, frozen=True, extra="forbid"):
    """One work pool, as pools.yaml describes it."""

    description: str
    concurrency: int = Field(ge=1, description="Runs at the same time, all workers together.")
    queues: dict[str, int] = Field(description="Priority by name; 1 is taken first.")


class OtherType(Exception):
    """A pool is there already, and of another type."""


def pools() -> dict[str, Pool]:
    """The pools by name."""
    described = yaml.safe_load((HERE / "pools.yaml").read_text(encoding="utf-8"))
    return {name: Pool.model_validate(pool) for name, pool in described.items()}


def make_pool(client: SyncPrefectClient, name: str, pool: Pool, kind: str, image: str | None = None) -> None:
    """The pool as described, with its queues and the job template of its type. Raises `OtherType`."""
    template = job_template(kind, image)
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name=name, type=kind, base_job_template=template))
    if (there := client.read_work_pool(name).type) != kind:
        raise OtherType(
            f"pool {name} is of type {there}, which cannot become {kind}: add --pool-type {there}, "
            f"or delete it with all its deployments (prefect work-pool delete {name}) and set up again"
        )
    client.update_work_pool(
        name,
        WorkPoolUpdate(description=pool.description, concurrency_limit=pool.concurrency, base_job_template=template),
    )
    for queue, priority in pool.queues.items():
        try:
            made = client.read_work_queue_by_name(queue, work_pool_name=name)
        except ObjectNotFound:
            made = client.create_work_queue(name=queue, work_pool_name=name)
        client.update_work_queue(made.id, priority=priority)


def wait_for_server(client: SyncPrefectClient, until: float) -> None:
    """Return when the server answers; raises `TimeoutError` at `until` (monotonic clock)."""
    while (fault := client.api_healthcheck()) is not None:
        if time.monotonic() > until:
            raise TimeoutError(
                f"no Prefect server answers at {client.api_url} ({fault}); start it or set PREFECT_API_URL"
            )
        time.sleep(0.5)


def wait_for_setup(client: SyncPrefectClient, until: float) -> None:
    """Return when the deployments are there; raises `TimeoutError` at `until` (monotonic clock)."""
    while True:
        try:
            client.read_deployment_by_name(READY)
        except ObjectNotFound:
            if time.monotonic() > until:
                raise TimeoutError(f"{READY} was not deployed in time; run python -m deployments.setup") from None
            time.sleep(0.5)
        else:
            return


def names() -> list[str]:
    """The deployments of prefect.yaml as Prefect calls them: FLOW/DEPLOYMENT, both called the same here."""
    described = yaml.safe_load((HERE / "prefect.yaml").read_text(encoding="utf-8"))
    return [f"{one['name']}/{one['name']}" for one in described["deployments"]]


def deploy() -> None:
    """All deployments of prefect.yaml, as Prefect's own command does it."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file"]
    environment = {"EDIT_FLOWS_WATCH": "false"} | os.environ  # whether inboxes are polled: see prefect.yaml
    subprocess.run([*command, str(HERE / "prefect.yaml")], check=True, cwd=HERE.parent, env=environment)  # noqa: S603  our own words


def keep_secret() -> None:
    """What the runs of a docker pool show to the engine server, where Prefect keeps secrets: see docker.yaml."""
    if key := os.environ.get("EDIT_FLOWS_ENDPOINT_KEY"):
        Secret(value=key).save("engine-key", overwrite=True)


def main(arguments: list[str]) -> int:
    """Exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.setup", description=__doc__.split("\n")[0])
    parser.add_argument("--pool-type", choices=TYPES, default="process", help="what a flow run is")
    parser.add_argument("--image", help="what docker and kubernetes pools run; else as templates/ says")
    parser.add_argument("--wait", action="store_true", help="only wait until set-up has been done")
    asked = parser.parse_args(arguments)
    until = time.monotonic() + PATIENCE
    try:
        with get_client(sync_client=True) as client:
            wait_for_server(client, until)
            if asked.wait:
                wait_for_setup(client, until)
                return 0
            for name, pool in pools().items():
                make_pool(client, name, pool, asked.pool_type, asked.image)
            if asked.pool_type == "docker":
                keep_secret()
            deploy()
            for name in names():
                make_readable(client, name)
            for automation in described(client):
                register(client, automation)
    except (TimeoutError, OtherType, NotThere, LookupError, subprocess.CalledProcessError) as failed:
        print(f"error: {failed}", file=sys.stderr)  # noqa: T201  a command line prints
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
