"""A picture in its size where it stays: accepted beside the others, or in review with what is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from prefect import task

from tasks.domain.campaign import Brief, Look, Piece, Trial, piece_identity
from tasks.domain.layouts import best
from tasks.domain.platforms import Platform
from tasks.domain.results import Outcome
from tasks.imaging import codec
from tasks.imaging.branding.checks import ENLARGED
from tasks.retrying import retry_transient
from tasks.storage import desk, files, naming
from tasks.storage.records import read_record


@task(name="earlier", task_run_name="earlier {look.variation} {platform.name}", **retry_transient)
def earlier(brief: Brief, look: Look, platform: Platform) -> Piece | None:
    """The same piece, made before; None when it is not there, or somebody took its picture away."""
    for outcome in Outcome:
        uri = _stem(brief, look, platform, outcome) + ".json"
        if not files.exists(uri):
            continue
        found = read_record(uri, Piece)
        if files.exists(found.output.uri):
            return found.model_copy(update={"reused": True})
        files.delete(uri)
    return None


@task(name="deliver", task_run_name="deliver {look.variation} {platform.name}", **retry_transient)
def deliver(brief: Brief, look: Look, platform: Platform, trials: Sequence[Trial]) -> Piece:
    """The best trial written, its metadata last. Writing the same twice is harmless: names carry hashes."""
    trial = best(trials)
    outcome = Outcome.ACCEPTED if trial.passed else Outcome.REJECTED
    data = codec.encode(desk.pick_up(trial.draft.image), brief.output_format)
    digest = hashlib.sha256(data).hexdigest()
    stem = _stem(brief, look, platform, outcome)
    uri = f"{stem}-{digest[:8]}.{brief.output_format}"
    files.write_once(uri, data)
    scale = trial.draft.framing.scale
    piece = Piece(
        identity=piece_identity(brief, look, platform),
        outcome=outcome,
        variation=look.variation,
        platform=platform,
        output=trial.draft.image.model_copy(update={"uri": uri, "file_sha256": digest}),
        metadata_uri=f"{stem}.json",
        look=look.model_copy(update={"image": look.image.model_copy(update={"uri": ""})}),
        framing=trial.draft.framing,
        logo=trial.draft.logo,
        checks=trial.checks,
        tried=tuple(
            f"{other.draft.framing.layout}: {'; '.join(f'{check.name}, {check.detail}' for check in other.failed)}"
            for other in trials
            if other is not trial
        ),
        notes=(f"enlarged {scale:.1f} times: give a larger picture",) if scale > ENLARGED else (),
    )
    if files.write_once(piece.metadata_uri, piece.model_dump_json(indent=2).encode()):
        return piece
    found = read_record(piece.metadata_uri, Piece)
    if found.output.uri != uri:  # another run made the same piece first: its picture counts
        files.delete(uri)
    return found.model_copy(update={"reused": True})


def _stem(brief: Brief, look: Look, platform: Platform, outcome: Outcome) -> str:
    folder = brief.output if outcome is Outcome.ACCEPTED else files.join(brief.output, naming.REVIEW)
    identity = piece_identity(brief, look, platform)[:12]
    return files.join(folder, f"{brief.stem}-{look.variation.replace(' ', '_')}-{platform.name}-{identity}")
