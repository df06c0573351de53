"""An analysis told: a chart, a page, a JSON file, and an artifact of the run."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from uuid import uuid4

from PIL import Image
from prefect import get_run_logger, task

from tasks.domain.ab.analysis import Report, Weighed
from tasks.domain.ab.page import page
from tasks.domain.ab.rules import recommend
from tasks.domain.ab.telling import headline, markdown
from tasks.domain.markdown import bold, plain
from tasks.exhibit import exhibit
from tasks.retrying import retry_transient
from tasks.statistics.chart import draw
from tasks.storage import experiments, files


@task(name="report", task_run_name="report", **retry_transient)
def report(output: str, weighed: Weighed) -> Report:
    """The analysis with the advice that follows, written beside the test's record; the JSON file comes last."""
    now, found = datetime.now(UTC), weighed.analysis
    advice = recommend(found)
    chart = draw(found)
    stem = files.join(
        experiments.folder_of(output, found.test), "analyses", f"{now:%Y%m%dT%H%M%S.%f}-{uuid4().hex[:6]}"
    )
    told = Report(
        analysis=found,
        recommendation=advice,
        metrics=weighed.metrics,
        metrics_sha256=weighed.metrics_sha256,
        html=f"{stem}.html",
        chart=f"{stem}.png",
        json_uri=f"{stem}.json",
        at=now,
    )
    files.write_once(told.chart, chart)
    files.write_once(told.html, page(weighed.experiment, found, advice, chart).encode())
    files.write_once(told.json_uri, told.model_dump_json(indent=2).encode())
    card = f"{bold(headline(found))} {plain(found.test)}"
    exhibit("ab-test", card, lambda picture: markdown(found, advice, picture), lambda: Image.open(io.BytesIO(chart)))
    get_run_logger().info("%r: %s, %s", found.test, advice.action, told.html)
    return told
