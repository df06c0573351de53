"""How a piece of work ends that several flows compose."""

from enum import StrEnum


class Ending(StrEnum):
    """How one request of a batch, one step of a chain, or one variant of a test ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """Edited, but not proved right: it lies in review."""
    PENDING = "pending"
    """Every check passed; it lies in review until a person approves it."""
    REFUSED = "refused"
    """It cannot be honoured as given: a bad picture, an unknown field, an instruction the engine does not know."""
    FAILED = "failed"
    """It could not be carried out: the engine or a machine failed."""
