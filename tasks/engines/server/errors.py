"""What goes wrong, as OpenAI's API words it: a status, a type, a code and the parameter that is to blame.

EngineBusy
├── QueueFull          as many requests wait as may
├── EngineLoading      the engine is not there yet, or not there again
├── EngineFailed       the engine was given up
├── ShuttingDown       the server ends
└── DeadlineExceeded   the request waited as long as it was willing to
ParameterError
└── BadField           a field of the request; knows which
"""

from __future__ import annotations

import math
from typing import NamedTuple

from fastapi.responses import JSONResponse

from tasks.domain.errors import (
    DeviceMemoryError,
    EditCancelled,
    EditFlowError,
    EngineBusy,
    EngineError,
    ImageError,
    LicenceError,
    MaskError,
    ParameterError,
    PolicyRefused,
    RequestError,
    TransientError,
    UnsupportedInstruction,
)


class QueueFull(EngineBusy):
    """As many requests wait as may."""


class EngineLoading(EngineBusy):
    """The engine is being loaded or restarted."""


class EngineFailed(EngineBusy):
    """The engine was given up; somebody has to look."""


class ShuttingDown(EngineBusy):
    """The server ends and takes no more work."""


class DeadlineExceeded(EngineBusy):
    """The request was not begun in the time it was willing to wait."""


class BadField(ParameterError):
    """A field of the request is wrong."""

    def __init__(self, message: str, param: str | None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        """Name of the field; None when the request as a whole is wrong."""
        self.code = code


class ModelNotFound(RequestError):
    """The request names a model that is not served here."""


class Shape(NamedTuple):
    """How one kind of error is answered."""

    status: int
    type: str
    code: str | None
    param: str | None = None


CLIENT_LEFT = 499
"""What is put down as the status when the client went away before it was answered, as nginx does; nobody reads it."""
INVALID, SERVER, RATE = "invalid_request_error", "server_error", "rate_limit_error"

SHAPES: dict[type[Exception], Shape] = {
    BadField: Shape(400, INVALID, "invalid_value"),
    ModelNotFound: Shape(404, INVALID, "model_not_found", "model"),
    ImageError: Shape(400, INVALID, "invalid_image", "image"),
    MaskError: Shape(400, INVALID, "invalid_mask", "mask"),
    UnsupportedInstruction: Shape(400, INVALID, "unsupported_instruction", "prompt"),
    ParameterError: Shape(400, INVALID, "invalid_value"),
    PolicyRefused: Shape(403, INVALID, "policy_refused"),
    LicenceError: Shape(403, INVALID, "licence_forbids"),
    RequestError: Shape(400, INVALID, "invalid_request"),
    QueueFull: Shape(429, RATE, "queue_full"),
    EngineLoading: Shape(503, SERVER, "engine_loading"),
    EngineFailed: Shape(503, SERVER, "engine_failed"),
    ShuttingDown: Shape(503, SERVER, "shutting_down"),
    DeadlineExceeded: Shape(503, SERVER, "deadline_exceeded"),
    TransientError: Shape(503, SERVER, "temporarily_unavailable"),
    DeviceMemoryError: Shape(500, SERVER, "out_of_memory"),
    EngineError: Shape(500, SERVER, "engine_error"),
    EditCancelled: Shape(CLIENT_LEFT, INVALID, "cancelled"),
    EditFlowError: Shape(500, SERVER, "server_error"),
}
"""By class; an error that is not listed is answered as the nearest of its bases that is."""


class Problem(NamedTuple):
    """An error as it is answered."""

    status: int
    body: dict[str, dict[str, str | None]]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """What kind of error it is, for a program; "error" where it has none."""
        return self.body["error"]["code"] or "error"

    def response(self) -> JSONResponse:
        """The whole answer."""
        return JSONResponse(self.body, self.status, self.headers)


def problem(status: int, message: str, kind: str, code: str | None, param: str | None = None) -> Problem:
    """An error in OpenAI's shape."""
    return Problem(status, {"error": {"message": message, "type": kind, "param": param, "code": code}}, {})


def unforeseen(fault: Exception) -> Problem:
    """How an error is answered that nobody raised on purpose."""
    return problem(500, f"the server has a fault ({type(fault).__name__}); its log says more", SERVER, None)


def problem_of(error: EditFlowError) -> Problem:
    """How an error of this project is answered; a busy engine says after how many seconds to come again."""
    shape = next(SHAPES[kind] for kind in type(error).__mro__ if kind in SHAPES)
    code, param = (error.code, error.param) if isinstance(error, BadField) else (shape.code, shape.param)
    told = problem(shape.status, str(error), shape.type, code, param)
    if isinstance(error, EngineBusy):
        told.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return told


def without_frames(error: EditFlowError) -> EditFlowError:
    """The error without the frames it came through: they hold pictures and tensors that are to be freed.

    For the same reason tracebacks are logged as text, which a handler may keep as long as it likes.
    """
    error.__cause__ = error.__context__ = error.__traceback__ = None
    return error
