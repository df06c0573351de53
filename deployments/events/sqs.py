"""The queue listener: python -m deployments.events.sqs --queue URL.

Exit codes: 0 stopped as asked (SIGTERM, Ctrl-C), 1 error; errors are one line on standard error.
"""

from __future__ import annotations

import logging
import signal
import sys
from http import HTTPStatus
from typing import Annotated, Any

import stamina
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.session import get_session
from cyclopts import App, Parameter
from cyclopts.validators import Number
from pydantic import Field

from deployments.command import run
from deployments.events.announce import Announce, announce, served
from deployments.events.notices import Notice, read_notices
from tasks import __version__
from tasks.domain.errors import RequestError, ServerError, SettingsError
from tasks.domain.models import Frozen
from tasks.inboxes import locations

BATCH = 10
"""Messages a queue hands out at once, SQS's own limit."""
LONGEST_PAUSE = 60.0
"""Seconds between tries while queue or Prefect server do not answer."""

logger = logging.getLogger("edit-flows.events")

app = App(
    name="python -m deployments.events.sqs",
    version=__version__,
    suppress_keyboard_interrupt=False,
    help="Bucket notifications from an SQS queue, announced to Prefect.",
)


class Round(Frozen):
    """What one look at the queue gave."""

    received: int
    announced: int = Field(description="Objects.")
    unreadable: int = Field(description="Messages left in the queue, for its redrive policy to set aside.")


class Queue:
    """One SQS queue, with the credentials and endpoint of the standard AWS environment."""

    def __init__(self, url: str) -> None:
        config = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"})
        self._url = url
        self._client: Any = get_session().create_client("sqs", config=config)

    def receive(self, wait: int) -> list[dict[str, Any]]:
        """Up to ten messages, waited for as long as `wait` seconds."""
        answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=wait)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def delete(self, messages: list[dict[str, Any]]) -> None:
        """Forget messages for good. One that cannot be deleted comes again, which does no harm."""
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        for failed in self._client.delete_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", ()):
            logger.warning("a message stays in the queue: %s", failed.get("Message"))

    def sets_aside(self) -> bool:
        """True when the queue moves messages that nobody can use to a queue of their own."""
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["RedrivePolicy"])
        return "RedrivePolicy" in answer.get("Attributes", {})


def drain(queue: Queue, tell: Announce, wait: int) -> Round:
    """One look at the queue. Messages are deleted only after everything in them was announced.

    A message that cannot be read stays and becomes visible again; the queue's redrive policy takes it out. Raises
    `ServerError` when Prefect takes no event: then all messages stay.
    """
    readable: list[dict[str, Any]] = []
    notices: list[Notice] = []
    unreadable = 0
    messages = queue.receive(wait)
    for message in messages:
        try:
            notices += read_notices(message["Body"].encode())
        except RequestError as poison:
            unreadable += 1
            logger.error("message %s cannot be used: %s", message.get("MessageId"), poison)
        else:
            readable.append(message)
    concerned = served(notices)
    tell(concerned)
    if readable:
        queue.delete(readable)
    return Round(received=len(messages), announced=len(concerned), unreadable=unreadable)


def is_passing(fault: Exception) -> bool:
    """True for what another try may mend: the network, a server that is down, a queue that is unwell."""
    if isinstance(fault, ClientError):
        return (
            int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= HTTPStatus.INTERNAL_SERVER_ERROR
        )
    return isinstance(fault, (ServerError, HTTPClientError))


@app.default
def listen(
    *,
    queue: Annotated[str, Parameter(env_var="EDIT_FLOWS_QUEUE")],
    wait: Annotated[int, Parameter(validator=Number(gte=0, lte=20))] = 20,
    once: bool = False,
) -> int:
    """Announce what arrives until told to stop.

    Args:
        queue: URL of the queue the buckets send their notifications to.
        wait: Seconds one look at the queue lasts while it is empty.
        once: Stop when the queue is empty.
    """
    logger.info("serving the inboxes of %s", ", ".join(locations()))
    source = Queue(queue)
    try:
        if not source.sets_aside():
            logger.warning("%s has no redrive policy: messages that cannot be used come again until they expire", queue)
        while True:
            for attempt in stamina.retry_context(on=is_passing, attempts=None, timeout=None, wait_max=LONGEST_PAUSE):
                with attempt:
                    done = drain(source, announce, wait)
            if once and not done.received:
                return 0
    except (BotoCoreError, ClientError) as refused:
        raise SettingsError(f"the queue {queue!r} cannot be used ({refused}): check URL and credentials") from refused


def main(arguments: list[str]) -> int:
    """Exit code of the listener."""
    return run(app, arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
