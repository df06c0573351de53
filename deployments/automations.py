"""The automations of automations.yaml on a Prefect server, made or brought up to date: what happens when it goes wrong.

    python -m deployments.automations                                # each runs the deployment monitor: a fresh report
    python -m deployments.automations --notify slack-webhook/alerts  # and sends a message through that block

Needs the deployments (python -m deployments.setup). One that somebody switched off stays off. Exit code 1 when the
server does not answer, or what an automation names is not there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import httpx
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

FILE = Path(__file__).with_name("automations.yaml")
MESSAGE = "{{ automation.description }}\n{{ event.resource.name }}\n{{ event.event }}: {{ event.payload }}"


class NotThere(Exception):
    """What an automation names is not on the server."""


def described(client: SyncPrefectClient, block: str | None = None) -> list[AutomationCore]:
    """The automations of the file, with the ids this server gave. Raises `NotThere` naming what is missing.

    `block`: type and name of a notification block, such as slack-webhook/alerts, that each sends a message through.
    """
    told = [_notification(client, block)] if block else []
    return [
        AutomationCore.model_validate(
            one | {"actions": [*(_action(client, action) for action in one["actions"]), *told], "tags": ["edit-flows"]}
        )
        for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))
    ]


def register(client: SyncPrefectClient, automation: AutomationCore) -> bool:
    """True when it was made, False when one of that name was there and was brought up to date."""
    there = client.read_automations_by_name(automation.name)
    if not there:
        client.create_automation(automation)
        return True
    client.update_automation(there[0].id, automation.model_copy(update={"enabled": there[0].enabled}))
    return False


def main(arguments: list[str]) -> int:
    """Exit code."""
    parser = argparse.ArgumentParser(prog="python -m deployments.automations", description=__doc__.split("\n")[0])
    parser.add_argument("--notify", metavar="TYPE/NAME", help="notification block, e.g. slack-webhook/alerts")
    asked = parser.parse_args(arguments)
    try:
        with get_client(sync_client=True) as client:
            for automation in described(client, asked.notify):
                made = register(client, automation)
                print(f"{'made' if made else 'renewed'}: {automation.name}")  # noqa: T201  a command line prints
    except (NotThere, httpx.HTTPError) as failed:
        print(f"error: {failed}", file=sys.stderr)  # noqa: T201  as above
        return 1
    return 0


def _action(client: SyncPrefectClient, action: dict[str, Any]) -> dict[str, Any]:
    """An action with the id of the deployment it names."""
    name = action["deployment"]
    try:
        found = client.read_deployment_by_name(name)
    except ObjectNotFound:
        raise NotThere(f"there is no deployment {name}; run python -m deployments.setup") from None
    return {key: value for key, value in action.items() if key != "deployment"} | {"deployment_id": str(found.id)}


def _notification(client: SyncPrefectClient, block: str) -> dict[str, Any]:
    kind, _, name = block.partition("/")
    try:
        found = client.read_block_document_by_name(name, kind)
    except ObjectNotFound:
        raise NotThere(f"there is no block {block!r}; make one in the UI under Blocks, give TYPE/NAME") from None
    message = SendNotification(block_document_id=found.id, subject="{{ automation.name }}", body=MESSAGE)
    return message.model_dump(mode="json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
