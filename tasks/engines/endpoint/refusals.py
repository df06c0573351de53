"""What a server's refusal means here: its code or status -> an error of this project, with the server's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tasks.domain.errors import (
    DeviceMemoryError,
    EditFlowError,
    EngineBusy,
    EngineError,
    ImageError,
    MaskError,
    ParameterError,
    SettingsError,
    TransientError,
    UnsupportedInstruction,
)

BY_CODE: Mapping[str, type[EditFlowError]] = {
    "unsupported_instruction": UnsupportedInstruction,
    "invalid_value": ParameterError,
    "unknown_parameter": ParameterError,
    "invalid_image": ImageError,
    "invalid_mask": MaskError,
    "invalid_api_key": SettingsError,
    "model_not_found": SettingsError,
    "queue_full": EngineBusy,
    "engine_loading": EngineBusy,
    "shutting_down": EngineBusy,
    "deadline_exceeded": EngineBusy,
    "temporarily_unavailable": TransientError,
    "engine_failed": EngineError,  # somebody has to look at it: waiting changes nothing
    "engine_error": EngineError,
    "out_of_memory": DeviceMemoryError,
}
"""Codes of our server, and those that others share."""

BY_PARAM: Mapping[str, type[EditFlowError]] = {"image": ImageError, "image[]": ImageError, "mask": MaskError}

BY_STATUS: Mapping[int, type[EditFlowError]] = {
    400: ParameterError,
    401: SettingsError,
    403: SettingsError,
    404: SettingsError,
    405: SettingsError,
    408: TransientError,
    409: TransientError,
    413: ImageError,
    415: ImageError,
    422: ParameterError,
    429: EngineBusy,
    502: TransientError,
    503: EngineBusy,
    504: TransientError,
}

REMEDIES: Mapping[int, str] = {
    401: "set EDIT_FLOWS_ENDPOINT_KEY to the server's token",
    403: "set EDIT_FLOWS_ENDPOINT_KEY to a token that may do this",
    404: "check EDIT_FLOWS_ENDPOINT_URL, which ends in /v1, and EDIT_FLOWS_ENDPOINT_MODEL",
    405: "check EDIT_FLOWS_ENDPOINT_URL, which ends in /v1",
}

AGAIN = 2.0
"""Seconds after which a busy server that does not say when is asked again."""

SAID = 400
"""Characters of an answer that is no document which a message repeats."""


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, server: str, passing: frozenset[int]
) -> EditFlowError:
    """The error that an answer with an error status stands for. `server` is how messages name it.

    `passing` are statuses that are a `TransientError` where nothing more is known.
    """
    retry_after = _seconds(headers.get("retry-after", ""))
    fallback = TransientError if status in passing else EngineError if status >= 500 else ParameterError
    return understood(_problem(body), status=status, retry_after=retry_after, fallback=fallback, server=server)


def understood(
    told: Mapping[str, Any],
    *,
    server: str,
    status: int = 200,
    retry_after: float = AGAIN,
    fallback: type[EditFlowError] = EngineError,
) -> EditFlowError:
    """The error that an error document stands for: by its code, else by the parameter to blame, status, `fallback`."""
    message = str(told.get("message") or "no reason given")
    kind = BY_CODE.get(str(told.get("code")))
    if "model mismatch" in message.casefold():  # vLLM-Omni's words for another model than the one it serves
        kind, status = SettingsError, 404
    if kind is None and status in {400, 422}:
        kind = BY_PARAM.get(str(told.get("param")))
    kind = kind or BY_STATUS.get(status, fallback)
    text = "; ".join(filter(None, (f"{server}: {message}", REMEDIES.get(status))))
    return EngineBusy(text, retry_after) if kind is EngineBusy else kind(text)


def _problem(body: bytes) -> Mapping[str, Any]:
    """The error document: OpenAI's {"error": {...}}, FastAPI's {"detail": ...}, or whatever words came instead."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {"message": body[:SAID].decode(errors="replace").strip()}
    if not isinstance(document, dict):
        return {"message": str(document)[:SAID]}
    error = document.get("error", document.get("detail", document.get("message", document)))
    return error if isinstance(error, dict) and "message" in error else {"message": str(error)[:SAID]}


def _seconds(retry_after: str) -> float:
    """Seconds a Retry-After header asks for, given as a number or as a date."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a time zone
        return AGAIN
