"""Pictures that arrive in an inbox: where things lie, which names are taken, and how each piece of work can end.

LOCATION/inbox/vintage/photo.png          a picture for the recipe "vintage"
LOCATION/inbox/vintage/photo.json         its sidecar, if it wants something else
LOCATION/recipes/vintage.yaml             the recipe (.yaml, .yml or .json)
LOCATION/outputs/vintage/...              what edit-image writes
LOCATION/outputs/refused/photo-....json   why a picture was not edited; remove it and the picture is tried again
LOCATION/outputs/.inbox/...               the ledger: what is done, under which terms, and what failed how often
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import PurePosixPath

from pydantic import AwareDatetime, Field

from tasks.domain.errors import RequestError
from tasks.domain.models import Frozen

INBOX, RECIPES, OUTPUTS, REFUSED = "inbox", "recipes", "outputs", "refused"
PICTURES = {"png", "jpg", "jpeg", "jpe", "jfif", "webp", "tif", "tiff", "bmp", "gif"}
"""Endings taken for pictures; a name without an ending is opened as well."""
SIDECAR = ".json"
UNFINISHED = {"part", "partial", "filepart", "crdownload", "download", "tmp", "temp", "swp"}
"""Endings that browsers and copy programs give a file until it is whole."""
CLUTTER = {"thumbs.db", "desktop.ini"}
MAX_FAILURES = 3
"""Failures of the engine on one picture under the same terms, after each so many of which it is refused."""


class Landing(StrEnum):
    """How a piece of work ended."""

    ACCEPTED = "accepted"
    """Edited, checked and saved."""
    REJECTED = "rejected"
    """Edited, but no attempt passed the checks: in review."""
    PENDING = "pending"
    """Edited and checked; in review until a person approves it."""
    REFUSED = "refused"
    """Cannot be edited as it is; a record says why. Tried again when picture, sidecar or recipe changes."""
    FAILED = "failed"
    """Something broke; the next poll tries again."""
    WAITING = "waiting"
    """Not whole yet, too young, or a sidecar without its picture; the next poll looks again."""
    GONE = "gone"
    """Removed before it was read."""


class Places(Frozen):
    """Where an inbox, its recipes and its results lie, in their one spelling; none lies within another."""

    inbox: str
    recipes: str
    output: str

    @property
    def refused(self) -> str:
        """Folder of the records of what was refused."""
        return f"{self.output}/{REFUSED}"

    @property
    def done(self) -> str:
        """Folder of the records of what is done."""
        return f"{self.output}/.inbox/done"

    @property
    def failed(self) -> str:
        """Folder of the records of what failed."""
        return f"{self.output}/.inbox/failed"


def ensure_apart(places: Places) -> Places:
    """The places; raises `RequestError` when one lies within another: results would be taken for new work."""
    named = places.model_dump()
    for name, place in named.items():
        for other, below in named.items():
            if name != other and f"{below}/".startswith(f"{place}/"):
                raise RequestError(
                    f"the {other} {below!r} lies within the {name} {place!r}, so what is written there would be taken "
                    "for new work: choose folders or prefixes apart from each other"
                )
    return places


class Found(Frozen):
    """A recipe or sidecar file."""

    uri: str
    etag: str


class Arrival(Frozen):
    """One picture that is due, with what it is to be edited by."""

    uri: str
    etag: str
    recipe: str = Field(description="Name of the folder it lies in, directly below the inbox.")
    recipes: tuple[Found, ...] = Field(default=(), description="Recipe files of that name; one, if all is well.")
    sidecar: Found | None = None
    objection: str = Field(default="", description="Why it cannot be edited, where name or size already say so.")
    failures: int = Field(default=0, description="How often the engine failed on it under the same terms.")

    @property
    def key(self) -> str:
        """The name of this piece of work: another content under the same name is other work."""
        return f"{self.uri}@{self.etag}"

    @property
    def try_key(self) -> str:
        """The name of this try: who asks again after a crash means the same run, after a failure another one."""
        return f"{self.key}#{self.terms}#{self.failures}"

    @property
    def terms(self) -> str:
        """8 hex digits that change when recipe or sidecar do: what was refused is tried again under other terms."""
        files = [*self.recipes, *([self.sidecar] if self.sidecar else [])]
        return digest("|".join(f"{file.uri}@{file.etag}" for file in files), 8) if not self.objection else "0" * 8

    @property
    def done_name(self) -> str:
        """Name of its record once it is done: a sidecar that comes or changes later is new work, a recipe is not."""
        return f"{digest(self.key, 24)}-{digest(self.sidecar.etag, 8) if self.sidecar else '0' * 8}.json"

    @property
    def refused_stem(self) -> str:
        """What the names of all records of its refusal begin with."""
        name = re.sub(r"[^\w.-]+", "_", PurePosixPath(self.uri).name.rpartition(".")[0])[:40].strip("._") or "picture"
        return f"{name}-{digest(self.key, 24)}"

    @property
    def refused_name(self) -> str:
        """Name of the record of its refusal under these terms."""
        return f"{self.refused_stem}-{self.terms}.json"

    @property
    def failed_stem(self) -> str:
        """What the names of the records of its failures under these terms begin with."""
        return f"{digest(self.key, 24)}-{self.terms}"


class Handled(Frozen):
    """How one picture was dealt with; word for word the record that is kept of it."""

    version: int = Field(default=1, description="Of this format.")
    uri: str
    etag: str
    recipe: str
    sidecar: str | None = None
    outcome: Landing
    reason: str = Field(default="", description="Why it was not edited and what to do about it; empty when it was.")
    result: str = Field(default="", description="The metadata file of the edit.")
    at: AwareDatetime


class Survey(Frozen):
    """What lies in an inbox and needs something done."""

    due: tuple[Arrival, ...] = ()
    waiting: tuple[Handled, ...] = ()
    done_before: int = Field(default=0, description="Pictures edited earlier.")
    refused_before: int = Field(default=0, description="Pictures refused earlier, under the same terms.")
    ignored: int = Field(default=0, description="Folder markers, hidden and unfinished files.")


class InboxResult(Frozen):
    """What one poll did."""

    location: str
    handled: tuple[Handled, ...] = Field(description="Every picture that was dealt with or has to wait, in order.")
    counts: dict[Landing, int]
    done_before: int
    refused_before: int
    ignored: int
    left: int = Field(description="Due pictures beyond the limit; the next poll goes on with them.")


def result_of(location: str, seen: Survey, handled: Sequence[Handled], left: int) -> InboxResult:
    """The result of a poll."""
    everything = (*handled, *seen.waiting)
    counts = Counter(piece.outcome for piece in everything)
    return InboxResult(
        location=location,
        handled=everything,
        counts={outcome: counts[outcome] for outcome in Landing if counts[outcome]},
        done_before=seen.done_before,
        refused_before=seen.refused_before,
        ignored=seen.ignored,
        left=left,
    )


def digest(text: str, digits: int) -> str:
    """The first hex digits of the SHA-256 of a text, whatever bytes a file system made it of."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:digits]


def same_name(text: str) -> str:
    """One spelling (NFC) of names that look the same: macOS takes Korean syllables apart, others do not."""
    return unicodedata.normalize("NFC", text)


def is_clutter(key: str, size: int) -> bool:
    """True for what no person put there as work: folder markers, hidden, unfinished and system files."""
    parts = key.split("/")
    name = parts[-1].lower()
    hidden = any(part.startswith((".", "~$")) and part not in {".", ".."} for part in parts)
    marker = not name or (name.endswith("_$folder$") and size == 0)
    return hidden or marker or name in CLUTTER or name.rpartition(".")[2] in UNFINISHED


def is_sidecar(key: str) -> bool:
    """True for the name of a sidecar."""
    return key.lower().endswith(SIDECAR)


def stem_of(key: str) -> str:
    """What a picture and its sidecar have in common: the name without its ending."""
    folder, slash, name = key.rpartition("/")
    return same_name(f"{folder}{slash}{name.rpartition('.')[0] or name}")


def objection_to(key: str, size: int) -> str:
    """Why something of this name and size cannot be edited, and what to do; empty when it may be a picture."""
    parts = key.split("/")
    ending = parts[-1].rpartition(".")[2].lower() if "." in parts[-1] else ""
    if {"", ".", ".."} & set(parts):
        return "its name has an empty part, '.' or '..' between slashes: give it a plain name"
    if broken := next((c for c in key if unicodedata.category(c) in {"Cc", "Cs"}), None):
        return f"its name has the character {broken!r}, which is no text: rename it"
    if len(parts) == 1:
        return "it lies beside the recipes' folders: put it into the folder named for its recipe, inbox/RECIPE/"
    if ending and ending not in PICTURES:
        return f"its ending .{ending[:20]} is none of a picture: give one of {', '.join(sorted(PICTURES))}"
    if size == 0:
        return "it is empty (0 bytes): upload it again"
    return ""
