"""The engine: a plan goes out as a form, progress comes back as events, the picture as base64."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from PIL import Image
from pydantic import ValidationError

from tasks.domain.errors import EngineBusy, EngineError, ParameterError, SettingsError
from tasks.domain.licences import DECLARED, UNKNOWN, licence_of
from tasks.domain.models import EditPlan, EngineIdentity, Frozen
from tasks.domain.traits import Traits
from tasks.engines.endpoint.answer import Answer, picture_of, read_document, read_events
from tasks.engines.endpoint.chat import RemoteVision
from tasks.engines.endpoint.connection import Connection
from tasks.engines.endpoint.order import Order, order
from tasks.engines.endpoint.quirks import SERVERS
from tasks.engines.endpoint.refusals import AGAIN
from tasks.engines.endpoint.settings import EndpointSettings
from tasks.engines.protocol import Edited, Report
from tasks.engines.vision import VisionModel
from tasks.environment import read
from tasks.imaging import viewport

HEALTH = 60.0
"""Seconds a server may take to say what it runs; it may be loading."""


class Health(Frozen, extra="ignore"):
    """What our server says about itself."""

    status: str
    engine: EngineIdentity | None = None
    traits: Traits | None = None
    vision: bool = False
    error: str | None = None


class EndpointEngine:
    """Edits made by a server. Callable from several threads; each request has its own connection."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._quirks = SERVERS[settings.server]
        self._connection = Connection(settings, self._quirks.passing)
        self._asking = threading.Lock()
        self._known: Health | None = None
        if not self._quirks.tells and not settings.model:
            raise SettingsError(
                f"EDIT_FLOWS_ENDPOINT_MODEL is empty, and a {settings.server} server does not say what it runs: set it "
                "to the model, such as Qwen/Qwen-Image-Edit-2511"
            )

    def close(self) -> None:
        """Give back the sockets."""
        self._connection.close()

    @property
    def identity(self) -> EngineIdentity:
        """Engine `endpoint` with the model and revision of whatever the server runs.

        Raises `EngineBusy` while it is loading, `TransientError` when nobody answers.
        """
        remote = self._remote()
        return EngineIdentity(name="endpoint", model=remote.model, revision=remote.revision, stand_in=remote.stand_in)

    @property
    def traits(self) -> Traits:
        """What the server says about its engine, or what is known of that kind of server.

        The licence is the declared one (EDIT_FLOWS_ENDPOINT_LICENCE), else the server's own word, else the table's.
        """
        told = self._health().traits or self._quirks.traits
        licence = DECLARED.get(self._settings.licence) or (
            licence_of(self._remote().model) if told.licence == UNKNOWN else told.licence
        )
        return told.model_copy(update={"licence": licence})

    @property
    def vision(self) -> VisionModel | None:
        """The vision-language model of our server, where its engine has one. Other servers are not asked for one."""
        return RemoteVision(self._connection, self._settings.model) if self._health().vision else None

    def edit(
        self,
        source: Image.Image,
        plan: EditPlan,
        mask: Image.Image | None,
        report: Report,
        references: Sequence[Image.Image] = (),
    ) -> Edited:
        """The picture the server makes, within EDIT_FLOWS_ENDPOINT_TIMEOUT seconds.

        When `report` raises, the connection is closed, upon which our server and LightX2V end the edit. Raises what
        the server's refusal means (`UnsupportedInstruction`, `ParameterError`, `ImageError`, `SettingsError` ...),
        `EngineBusy` or `TransientError` when it could not be reached in time, `EngineError` when it failed, its answer
        is broken or it runs another model than it said.
        """
        traits = self.traits
        if len(references) > traits.references:
            raise ParameterError(
                f"{len(references)} reference pictures given, the server takes {traits.references}: leave some out"
            )
        drafts = [draft.adapter for draft in traits.drafts]
        if plan.adapter and plan.adapter not in drafts:
            raise ParameterError(
                f"the server has no adapter {plan.adapter!r}: give {', '.join(drafts) + ' or ' if drafts else ''}none"
            )
        promised = self._remote()
        posted = order(self._quirks, self._settings.model, source, plan, mask, references)
        answer, picture = self._connection.patiently(
            lambda seconds: self._posted(posted, report, seconds), self._connection.seconds
        )
        if answer.engine is not None and answer.engine != promised:
            self._known = None
            raise EngineError(
                f"the server was restarted with another model: {answer.engine.model!r} ({answer.engine.revision}) made "
                f"this picture, {promised.model!r} ({promised.revision}) was promised; run the request again"
            )
        if not self._quirks.tells:  # ours gives the size and mode of what it was shown by itself
            picture = viewport.put_back(source, picture, posted.view)
        return Edited(picture, {**answer.notes, **posted.notes}, answer.seconds)

    def _posted(self, posted: Order, report: Report, seconds: float) -> tuple[Answer, Image.Image]:
        """One try: the form is posted, the answer read to its end."""
        until = time.monotonic() + seconds
        data = {**posted.data, "deadline": f"{seconds:.3f}"} if self._quirks.tells else posted.data
        report(0, 1)
        with self._connection.edit(data, posted.files, seconds) as response:
            if self._quirks.streams:
                answer = read_events(response, report, until, server=self._connection.url)
            else:
                answer = read_document(response)
        picture = picture_of(answer, posted.view.padded, self._connection, max(1.0, until - time.monotonic()))
        if not self._quirks.streams:
            report(1, 1)
        return answer, picture

    def _remote(self) -> EngineIdentity:
        """The server's own engine."""
        told = self._health().engine
        if told is not None:
            return told
        server = self._settings.server
        return EngineIdentity(name=server, model=self._settings.model, revision=f"as served by {server}")

    def _health(self) -> Health:
        """What the server is, asked once and kept until an answer contradicts it."""
        with self._asking:
            if self._known is None:
                self._known = (
                    self._connection.patiently(self._asked, min(HEALTH, self._connection.seconds))
                    if self._quirks.tells
                    else Health(status="ready")
                )
            return self._known

    def _asked(self, seconds: float) -> Health:
        status, body = self._connection.get("/health", seconds)
        url = self._connection.url
        try:
            health = Health.model_validate_json(body)
        except ValidationError as other:
            raise SettingsError(
                f"{url} answers /health with status {status} and not as an edit-flows server does: check "
                "EDIT_FLOWS_ENDPOINT_URL and EDIT_FLOWS_ENDPOINT_SERVER"
            ) from other
        if health.status == "failed":
            raise EngineError(f"{url}: its engine was given up ({health.error}): look into the server's log")
        if health.status != "ready" or health.engine is None:
            raise EngineBusy(f"{url} is {health.status}: wait until it is ready", AGAIN)
        return health


def from_environment() -> EndpointEngine:
    """The engine for the server that EDIT_FLOWS_ENDPOINT_URL names. Raises `SettingsError` for a wrong setting."""
    return EndpointEngine(read(EndpointSettings))
