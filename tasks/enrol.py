"""A test whose pictures are all there becomes ready: its record is written, once and for all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.ab.experiment import Definition, Experiment, Picture
from tasks.domain.markdown import bold, code, plain, table
from tasks.domain.models import ImageRef
from tasks.domain.results import EditResult
from tasks.exhibit import exhibit
from tasks.imaging import codec
from tasks.imaging.contact import Cell, contact_page, thumbnail
from tasks.retrying import retry_transient
from tasks.statistics.planning import planned_impressions
from tasks.storage import experiments, files


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
    card = f"{bold(f'{len(pictures)} variants')} {plain(test.id)}"
    exhibit("ab-test", card, lambda picture: told(experiment, picture), lambda: _shown(experiment))
    get_run_logger().info("test %r is ready: %d variants", test.id, len(pictures))
    return experiment


def told(experiment: Experiment, picture: str) -> str:
    """The record for a person, as Markdown; `picture` is the address of its variants on one sheet."""
    size = f"{experiment.planned:,} impressions" if experiment.planned else "none"
    lines = [
        f"## test {plain(experiment.definition.id)} is ready",
        f"{experiment.definition.metric} per impression, {experiment.definition.method}, planned size: {size}",
        "",
        f"![the variants]({picture})",
        "",
        *table(
            ["variant", "picture", "sha256"],
            (
                [plain(one.variant), code(one.image.uri), code(one.image.file_sha256[:12])]
                for one in experiment.pictures
            ),
        ),
    ]
    return "\n".join(lines)


def _shown(experiment: Experiment) -> Image.Image:
    asked = {variant.name: variant.prompt or "the picture as it is" for variant in experiment.definition.variants}
    cells = [
        Cell(
            thumbnail(codec.decode(files.read(one.image.uri), name=one.image.uri)),
            one.variant,
            asked[one.variant],
            good=True,
        )
        for one in experiment.pictures
    ]
    return contact_page(cells, experiment.definition.id)
