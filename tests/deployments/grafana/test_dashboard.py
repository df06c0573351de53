"""The dashboard asks for what is there: every metric and every label it names is really exposed."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from deployments.api.metrics import ApiMetrics
from tasks.domain.monitor.health import Outcomes, Runs
from tasks.engines.server.host import Host
from tasks.engines.server.metrics import Metrics
from tasks.storage.monitor import keep_report
from tests.health import MIDNIGHT, health, sample

FOLDER = Path(__file__).parents[3] / "deployments" / "grafana"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ASKED = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
METRIC = re.compile(r"\b(?:edit_flows|process)_\w+")
LABELS = re.compile(r"\{([^}]*)\}|by \(([^)]*)\)")


def exposed(registry: CollectorRegistry) -> dict[str, set[str]]:
    """The labels of every sample, by name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for one in family.samples:
            found[one.name] |= set(one.labels)
    return found


@pytest.fixture(scope="module")
def there(tmp_path_factory) -> dict[str, set[str]]:
    """What the API and an engine server expose on a machine with GPUs, when everything has happened once."""
    from tests import nvml

    folder = str(tmp_path_factory.mktemp("monitor"))
    told = health(
        sample(MIDNIGHT, gpus=1),
        runs=Runs(completed=1, failed=1, waiting=1, waiting_seconds=1),
        outcomes=Outcomes(accepted=1, rejected=1, rejected_by={"smeared": 1}, accepted_now=1),
    )
    keep_report(folder, told.model_copy(update={"until": datetime.now(UTC)}))
    with pytest.MonkeyPatch.context() as patch:
        for _ in nvml.installed(patch):
            api = ApiMetrics(folder)
            api.count("GET", "/health", 200, 0.1)
            engine = Metrics(Host(lambda: pytest.fail("nothing is loaded")))
            engine.count("POST", "/v1/images/edits", 200)
            engine.errors.labels("engine_error").inc()
            engine.seconds.labels("edit").observe(1)
            until = time.monotonic() + 30
            while "edit_flows_health_requests" not in exposed(api.registry) and time.monotonic() < until:
                time.sleep(0.05)
            return exposed(engine.registry) | exposed(api.registry)
    raise AssertionError("unreachable")


@pytest.mark.parametrize(("title", "expression"), ASKED, ids=[title for title, _ in ASKED])
def test_every_metric_and_label_that_is_asked_for_is_exposed(there, title, expression):
    names = set(METRIC.findall(expression))
    assert names
    assert names <= set(there)
    known = set().union(*(there[name] for name in names)) | {"instance", "job"}  # the last two are Prometheus' own
    for matchers, grouping in LABELS.findall(expression):
        asked = [part.split("=")[0] for part in re.split(r",\s*", matchers or grouping)]
        assert {label.rstrip("~!").strip() for label in asked} <= known


def test_every_metric_that_is_exposed_is_of_this_project_or_of_the_process(there):
    assert {name for name in there if not METRIC.fullmatch(name)} == set()


def test_the_dashboard_can_be_imported_anywhere():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert (DASHBOARD["uid"], DASHBOARD["title"]) == ("edit-flows", "edit-flows")
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for panel in PANELS:
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFG")[: len(panel["targets"])]


def test_no_panel_lies_on_another():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_prometheus_is_told_of_api_and_engine_servers():
    told = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert {job["job_name"] for job in told["scrape_configs"]} == {"edit-flows-api", "edit-flows-engine"}
    assert told["global"]["scrape_interval"] == "10s"
