"""A test whose pictures are all there becomes ready: its record is written, once and for all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from prefect import get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact

from tasks.domain.ab.experiment import Definition, Experiment, Picture
from tasks.domain.models import EditResult, ImageRef
from tasks.retrying import retry_transient
from tasks.statistics.planning import planned_impressions
from tasks.storage import experiments


@task(name="enrol", task_run_name="enrol {test.id}", **retry_transient)
def enrol(
    output: str, test: Definition, source: ImageRef, made: Mapping[str, EditResult], engine: str | None
) -> Experiment:
    """The record of the test as it stands. Of two that enrol the same id one writes, the other is told what is there.

    `made` holds an accepted result for every variant that has a prompt.
    """
    pictures = tuple(
        Picture(variant=name, image=made[name].output, metadata_uri=made[name].metadata_uri)
        if name in made
        else Picture(variant=name, image=source)
        for name in (variant.name for variant in test.variants)
    )
    experiment = experiments.create(
        output,
        Experiment(
            definition=test,
            source=source,
            engine=next((result.engine.name for result in made.values()), engine or ""),
            pictures=pictures,
            planned=planned_impressions(test),
            created=datetime.now(UTC),
        ),
    )
    if runtime.deployment.id is not None:
        create_markdown_artifact(told(experiment), description=f"{len(pictures)} variants of {test.id}")
    get_run_logger().info("test %r is ready: %d variants", test.id, len(pictures))
    return experiment


def told(experiment: Experiment) -> str:
    """The record for a person, as Markdown."""
    size = f"{experiment.planned:,} impressions" if experiment.planned else "none"
    lines = [
        f"## test `{experiment.definition.id}` is ready",
        f"{experiment.definition.metric} per impression, {experiment.definition.method}, planned size: {size}",
        "",
        "| variant | picture | sha256 |\n|---|---|---|",
        *(
            f"| {picture.variant.replace('|', '/')} | `{picture.image.uri}` | `{picture.image.file_sha256[:12]}` |"
            for picture in experiment.pictures
        ),
    ]
    return "\n".join(lines)
