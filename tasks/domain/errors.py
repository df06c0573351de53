"""Every error this project raises on purpose.

    EditFlowError
    ├── RequestError              the request cannot be honoured as given; never retried
    │   ├── ImageError            missing, unreadable, truncated, animated, too large ...
    │   ├── MaskError             unreadable, wrong size, selects nothing
    │   ├── ParameterError        steps, guidance, prompt length or pictures outside what the engine takes
    │   ├── UnsupportedInstruction  outside what the chosen engine can do
    │   ├── UnknownEngine         no engine of that name, or what it needs is not installed or not the right version
    │   ├── LicenceError          the model's licence forbids this use
    │   ├── PolicyRefused         the content policy of this installation says no
    │   ├── OutputError           the place to write to is not writable
    │   └── AlreadyDecided        somebody else decided about this result before
    ├── SettingsError             a setting has a value it cannot have
    │   └── PolicyError           the content policy cannot be had; nothing is edited without it
    ├── PolicyFailed              the content policy failed on one request; that is not edited without it
    ├── ServerError               no Prefect server answers, and none could be started
    ├── EngineError               the engine failed on a request that was fine
    │   ├── DeviceMemoryError     the request does not fit into the device's memory
    │   └── DeviceLostError       the device failed; the process has to be started anew
    ├── EditCancelled             somebody asked the edit to stop
    └── TransientError            a machine fault that may pass; the only kind Prefect retries
        ├── PolicyAway            the content policy gives no answer now
        └── EngineBusy            its queue is full, it is loading or shutting down; says when to come again

Each message holds the offending value and what to do about it.
"""

from __future__ import annotations

import re


class EditFlowError(Exception):
    """Root of the tree: catch this to catch everything this project raises on purpose."""


class RequestError(EditFlowError):
    """The request cannot be honoured as given; trying again changes nothing."""


class ImageError(RequestError):
    """The source picture is missing, unreadable or outside the limits."""


class MaskError(RequestError):
    """The mask is unreadable, of another size than the picture, or selects nothing."""


class ParameterError(RequestError):
    """Steps, guidance, prompt length or pictures are outside what the engine takes."""


class UnsupportedInstruction(RequestError):
    """The chosen engine has no way to do what the instruction asks."""


class UnknownEngine(RequestError):
    """No engine has that name, or what it needs is not installed or not of a version it can vouch for."""


class LicenceError(RequestError):
    """The licence of the model forbids the use that this installation makes of it."""


class PolicyRefused(RequestError):
    """The content policy of this installation does not allow what was asked for; the message holds its reason."""


class OutputError(RequestError):
    """The output location cannot be written."""


class AlreadyDecided(RequestError):
    """Somebody else decided about this result before; what they decided stands."""


class SettingsError(EditFlowError):
    """A setting has a value it cannot have."""


class PolicyError(SettingsError):
    """The content policy cannot be read, made or understood: nothing is edited without it."""


class PolicyFailed(EditFlowError):
    """The content policy raised an error, or gave no ruling, about one request or picture."""


class ServerError(EditFlowError):
    """No Prefect server answers, and none could be started."""


class EngineError(EditFlowError):
    """The engine failed on a request that was fine."""


class DeviceMemoryError(EngineError):
    """The request does not fit into the memory of the device."""


class DeviceLostError(EngineError):
    """The device failed and stays unusable to this process; it has to be started anew."""


class EditCancelled(EditFlowError):
    """Somebody asked the edit to stop; nothing was kept."""


class TransientError(EditFlowError):
    """A machine fault (network, storage, busy server) that may pass; Prefect retries these and only these."""


class PolicyAway(TransientError):
    """The content policy gives no answer, because what it asks is away or slow."""


class EngineBusy(TransientError):
    """The engine cannot take the request now: its queue is full, it is loading or shutting down."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which it is worth asking again."""


def error_in(message: str) -> EditFlowError | None:
    """The error a message tells of, as Prefect keeps the exception of a run: "... Kind: its words"; None for others."""
    found = re.search(r"\b([A-Z]\w+): (.*)", message, re.DOTALL)
    kind = globals().get(found[1]) if found else None
    if found is None or not isinstance(kind, type) or not issubclass(kind, EditFlowError):
        return None
    return EngineBusy(found[2], retry_after=1) if kind is EngineBusy else kind(found[2])


INSTALLATION = (SettingsError, ServerError, UnknownEngine, LicenceError, OutputError)
"""Faults of the installation, not of one request: every other would meet them."""
