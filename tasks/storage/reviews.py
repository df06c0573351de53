"""Decisions about results in review. First the decision is written, once; then what it means is carried out.

A process may die anywhere in between: whoever comes next - the one who decides, the same request asked again, the
daily round - finds the decision and finishes it. Every step does nothing when it was done before.

approve   picture, mask, sheet and, last, metadata go to the folder above review/; then the files in review are removed
reject    the metadata says so; everything stays
retry     the same, until whoever carries it out begins the other edit and notes that in the metadata
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tasks.domain.errors import AlreadyDecided, ImageError, RequestError
from tasks.domain.models import Attempt
from tasks.domain.results import Decision, EditResult, Outcome, Review
from tasks.domain.review import DONE, Retry, Waiting, retry_of
from tasks.storage import files, listing, naming
from tasks.storage.records import read_record, read_result, receipt

NAMES = re.compile(
    r"(?:.*/)?review/(?P<stem>[^/]+-[0-9a-f]{12})(?:(?P<metadata>\.json)|-[0-9a-f]{8}-(?P<kind>sheet|decision)\.\w+)"
)
"""Keys below an output location that tell what is in review. Campaign pieces lie there as well, without a sheet."""


def waiting(location: str) -> list[Waiting]:
    """The results below an output location, at any depth, that nobody has decided about; oldest first.

    Only names are looked at: hundreds cost one listing.
    """
    return sorted(
        (Waiting(uri=entry.uri, since=entry.changed) for entry, decided in _in_review(location) if not decided),
        key=lambda one: (one.since, one.uri),
    )


def decided(location: str) -> Iterator[str]:
    """Metadata in review of the results that somebody decided about, carried out or not."""
    return (entry.uri for entry, decided in _in_review(location) if decided)


def decide(metadata: str, review: Review) -> EditResult:
    """The result with the decision carried out: of several who decide, the first. Deciding the same again is harmless.

    Raises `AlreadyDecided` when another decision stands, `RequestError` for what is not in review and for a retry
    without an instruction, then nothing is decided; `ImageError` when a file of the result is gone.
    """
    ensure_in_review(metadata)
    try:
        result = read_result(metadata)
    except ImageError:  # not there any more
        return _agreed(delivered(metadata), review)
    if review.decision is Decision.RETRY:
        retry_of(result, review, _above(metadata))
    if result.review:
        return _agreed(result, review)
    place = naming.decision_uri(metadata, result)
    first = files.write_once(place, review.model_dump_json(indent=2).encode())
    if first and not files.exists(metadata):  # delivered and cleared away since it was read
        files.delete(place)
        return _agreed(delivered(metadata), review)
    return _agreed(finish(metadata), review)


def finish(metadata: str) -> EditResult:
    """A result in review as it stands, whatever was decided about it carried out, or what was delivered of it.

    Raises `RequestError` when there is neither.
    """
    try:
        result = read_result(metadata)
    except ImageError:  # as above
        return delivered(metadata)
    place = naming.decision_uri(metadata, result)
    if result.review or not files.exists(place):
        return result
    try:
        review = read_record(place, Review)
        if review.decision is Decision.APPROVE:
            return _deliver(metadata, result, review)
    except ImageError:  # a file is gone: somebody has just finished it, or took its picture away
        return delivered(metadata) if files.exists(_delivered_uri(metadata)) else result
    told, document = receipt(result.model_copy(update={"outcome": Outcome.REJECTED, "review": review}))
    files.replace(metadata, document)
    return told


def retry_due(metadata: str, result: EditResult) -> Retry | None:
    """The edit that a decided retry asks for, while nobody has begun it."""
    review = result.review
    if review is None or review.decision is not Decision.RETRY or review.retried:
        return None
    return retry_of(result, review, _above(metadata))


def retried(metadata: str, result: EditResult, what: str) -> EditResult:
    """The result with a note of what became of its retry: the id of its run, its metadata, or why it was refused."""
    review = result.review.model_copy(update={"retried": what}) if result.review else None
    told, document = receipt(result.model_copy(update={"review": review}))
    files.replace(metadata, document)
    return told


def current(metadata: str) -> EditResult:
    """The result whose metadata was written there: as it stands, wherever a decision has moved it since."""
    return finish(metadata) if NAMES.fullmatch(metadata) else read_result(metadata)


def delivered(metadata: str) -> EditResult:
    """What was delivered of a result that was in review. Raises `RequestError` when there is nothing."""
    place = _delivered_uri(metadata)
    if not files.exists(place):
        raise RequestError(f"there is no result {metadata!r}: python -m flows review list shows what waits")
    return read_result(place)


def folder_of(metadata: str, result: EditResult) -> str:
    """Where the files of a result lie by now: in review, or where it was delivered."""
    return _above(metadata) if result.outcome is Outcome.ACCEPTED else metadata.rpartition("/")[0]


def ensure_in_review(metadata: str) -> None:
    """Return for the place of metadata in a review folder; raises `RequestError` for any other."""
    found = NAMES.fullmatch(metadata)
    if found is None or not found["metadata"]:
        raise RequestError(f"{metadata!r} is no metadata in a review folder: give .../review/NAME-IDENTITY.json")


def _in_review(location: str) -> Iterator[tuple[listing.Entry, bool]]:
    """Metadata of the results in review, and whether there is a decision about them."""
    found: dict[str, dict[str, listing.Entry]] = {}
    for entry in listing.under(location):
        if (name := NAMES.fullmatch(entry.key)) and not entry.trouble:
            work = f"{entry.key.rpartition('/')[0]}/{name['stem']}"
            found.setdefault(work, {})[name["kind"] or "metadata"] = entry
    for parts in found.values():
        if "metadata" in parts and len(parts) > 1:
            yield parts["metadata"], "decision" in parts


def _agreed(result: EditResult, review: Review) -> EditResult:
    """The result, when it stands as this decision would have it; raises `AlreadyDecided` otherwise."""
    stands = result.review
    if stands and (stands.decision, stands.by, stands.prompt) == (review.decision, review.by, review.prompt):
        return result
    if stands is None and result.outcome is not Outcome.ACCEPTED:
        raise ImageError(f"the files of {result.metadata_uri!r} are not all there: ask for the edit again")
    if stands is None:
        raise AlreadyDecided(f"{result.metadata_uri!r} was accepted without a decision; nothing is left to decide")
    told = f"{DONE[stands.decision]} by {stands.by} on {stands.at:%Y-%m-%d %H:%M} UTC"
    reason = f" ({stands.note})" if stands.note else ""
    raise AlreadyDecided(f"it was {told}{reason}; that stands: ask for another edit instead")


def _deliver(metadata: str, result: EditResult, review: Review) -> EditResult:
    """The approved result where accepted ones lie, its metadata last; then nothing of it is left in review."""
    place = _delivered_uri(metadata)
    if not files.exists(place):
        here = metadata.rpartition("/")[0]
        carried = [name for uri in (result.output.uri, result.mask_uri, result.sheet_uri) if (name := _name(uri))]
        content = {name: files.read(files.join(here, name)) for name in carried}
        for name, data in content.items():
            files.write_once(files.join(_above(metadata), name), data)
        _, document = receipt(_moved(result, _above(metadata), review))
        files.write_once(place, document)
    for name in sorted(naming.files_of(result)):
        files.delete(files.join(metadata.rpartition("/")[0], name))
    files.delete(metadata)
    files.delete(naming.decision_uri(metadata, result))  # last: without it nobody would clear the rest away
    return read_result(place)


def _moved(result: EditResult, folder: str, review: Review) -> EditResult:
    """The result as it is told of in the folder of accepted ones."""
    output = result.output.model_copy(update={"uri": files.join(folder, _name(result.output.uri))})
    return result.model_copy(
        update={
            "outcome": Outcome.ACCEPTED,
            "output": output,
            "sheet_uri": files.join(folder, _name(result.sheet_uri)),
            "mask_uri": files.join(folder, _name(result.mask_uri)) if result.mask_uri else "",
            "metadata_uri": files.join(folder, _name(result.metadata_uri)),
            "attempts": tuple(_kept(attempt, result, folder) for attempt in result.attempts),
            "review": review,
        }
    )


def _kept(attempt: Attempt, result: EditResult, folder: str) -> Attempt:
    """The attempt with its pictures in the folder if it is the one that is delivered; else they are nowhere."""
    candidate = attempt.candidate
    is_output = candidate.image.uri == result.output.uri

    def place(uri: str) -> str:
        return files.join(folder, _name(uri)) if is_output else ""

    image = candidate.image.model_copy(update={"uri": place(candidate.image.uri)})
    mask = candidate.mask and candidate.mask.model_copy(update={"uri": place(candidate.mask.uri)})
    return attempt.model_copy(update={"candidate": candidate.model_copy(update={"image": image, "mask": mask})})


def _above(metadata: str) -> str:
    """The folder that review/ lies in."""
    return metadata.rpartition("/")[0].rpartition("/")[0] or ("/" if metadata.startswith("/") else ".")


def _delivered_uri(metadata: str) -> str:
    return files.join(_above(metadata), _name(metadata))


def _name(uri: str) -> str:
    return PurePosixPath(uri).name
