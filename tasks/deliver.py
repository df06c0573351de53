"""A picture in its size where it stays: accepted beside the others, or in review with what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from prefect import task

from tasks.domain.campaign import Brief, Look, Piece, Trial, piece_identity
from tasks.domain.layouts import best
from tasks.domain.platforms import Platform
from tasks.domain.receipt import Applied
from tasks.domain.results import Outcome
from tasks.engines.occupied import occupied
from tasks.imaging.branding.checks import ENLARGED
from tasks.provenance.marks import Work, mark
from tasks.retrying import retry_transient
from tasks.storage import desk, files, listing, naming
from tasks.storage.records import read_record, receipt


@task(name="earlier", task_run_name="earlier {look.variation} {platform.name}", **retry_transient)
def earlier(brief: Brief, look: Look, platform: Platform) -> Piece | None:
    """The same piece, made before; None when it is not there, or somebody took its picture away."""
    for outcome in Outcome:
        uri = _stem(brief, look, platform, outcome) + ".json"
        if not files.exists(uri):
            continue
        found = read_record(uri, Piece)
        if files.exists(found.output.uri):
            return found.again()
        files.delete(uri)
    return None


@task(name="deliver", task_run_name="deliver {look.variation} {platform.name}", **retry_transient)
def deliver(brief: Brief, look: Look, platform: Platform, trials: Sequence[Trial]) -> Piece:
    """The best trial written, its metadata last. What a killed run left of it goes."""
    trial = best(trials)
    outcome = Outcome.ACCEPTED if trial.passed else Outcome.REJECTED
    identity = piece_identity(brief, look, platform)
    work = Work(identity, look.edit_class, look.engine, Path(look.file).read_bytes())
    marked = mark(desk.pick_up(trial.draft.image), work, brief.marking, brief.output_format, occupied)
    if marked.applied.label_missing:
        outcome = Outcome.REJECTED
    digest = hashlib.sha256(marked.data).hexdigest()
    stem = _stem(brief, look, platform, outcome)
    uri = f"{stem}-{digest[:8]}.{brief.output_format}"
    files.write_once(uri, marked.data)
    scale = trial.draft.framing.scale
    piece = Piece(
        identity=identity,
        outcome=outcome,
        variation=look.variation,
        platform=platform,
        output=trial.draft.image.model_copy(update={"uri": uri, "sha256": marked.sha256, "file_sha256": digest}),
        metadata_uri=f"{stem}.json",
        look=look.model_copy(update={"image": look.image.model_copy(update={"uri": ""}), "file": ""}),
        framing=trial.draft.framing,
        logo=trial.draft.logo,
        checks=trial.checks,
        tried=tuple(
            f"{other.draft.framing.layout}: {'; '.join(f'{check.name}, {check.detail}' for check in other.failed)}"
            for other in trials
            if other is not trial
        ),
        notes=tuple(_notes(scale, marked.applied)),
        marks=marked.applied,
    )
    signed, document = receipt(piece)
    first = files.write_once(piece.metadata_uri, document)
    counts = signed if first else read_record(piece.metadata_uri, Piece)
    folder, _, name = stem.rpartition("/")
    for entry in listing.under(folder, f"{name}-"):
        if entry.key != PurePosixPath(counts.output.uri).name:  # of a run that was killed, or came second
            files.delete(entry.uri)
    return counts if first else counts.again()


def _notes(scale: float, marks: Applied) -> Iterator[str]:
    if scale > ENLARGED:
        yield f"enlarged {scale:.1f} times: give a larger picture"
    if marks.label_missing:
        yield f"no visible label: {marks.label_missing}"


def _stem(brief: Brief, look: Look, platform: Platform, outcome: Outcome) -> str:
    folder = brief.output if outcome is Outcome.ACCEPTED else files.join(brief.output, naming.REVIEW)
    identity = piece_identity(brief, look, platform)[:12]
    return files.join(folder, f"{brief.stem}-{look.variation.replace(' ', '_')}-{platform.name}-{identity}")
