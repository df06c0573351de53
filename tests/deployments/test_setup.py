"""Pools of every type, made once and brought up to date again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolUpdate

from deployments.setup import OtherType, Pool, main, make_pool, pools
from deployments.template import TYPES, job_template, lay_over

POOL = Pool(description="For the test.", concurrency=3, queues={"high": 1, "default": 2, "low": 3})


@pytest.fixture
def client(prefect_server) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as reached:
        yield reached


@pytest.mark.parametrize("kind", TYPES)
def test_a_pool_of_each_type_is_taken_by_the_server_with_its_template(client, kind):
    make_pool(client, f"made-{kind}", POOL, kind)
    made = client.read_work_pool(f"made-{kind}")
    assert (made.type, made.concurrency_limit, made.description) == (kind, 3, "For the test.")
    assert made.base_job_template == job_template(kind)


def test_a_pool_that_is_there_gets_the_template_and_the_concurrency_of_today(client):
    make_pool(client, "old", POOL, "kubernetes")
    was = job_template("kubernetes")
    was["variables"]["properties"]["image"]["default"] = "edit-flows:old"
    client.update_work_pool("old", WorkPoolUpdate(base_job_template=was))
    make_pool(client, "old", POOL.model_copy(update={"concurrency": 5}), "kubernetes")
    renewed = client.read_work_pool("old")
    assert renewed.concurrency_limit == 5
    assert renewed.base_job_template == job_template("kubernetes")


def test_a_pool_is_not_turned_into_one_of_another_type_and_stays_as_it_was(client):
    make_pool(client, "process", POOL, "process")
    with pytest.raises(OtherType, match=r"pool process is of type process, .* add --pool-type process, or delete it"):
        make_pool(client, "process", POOL.model_copy(update={"concurrency": 9}), "docker")
    assert client.read_work_pool("process").concurrency_limit == 3


def test_a_type_that_is_none_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["--pool-type", "lambda"])
    assert "choose from 'process', 'docker', 'kubernetes'" in capsys.readouterr().err


def test_the_pools_of_this_project_are_named_as_its_deployments_name_them():
    assert set(pools()) == {"gpu", "cpu"}


def test_differences_are_laid_over_maps_by_key_and_lists_by_item():
    base = {"a": 1, "list": [{"name": "x", "v": 1}, 2], "kept": True}
    laid = lay_over(base, {"a": 2, "list": [{"v": 3}], "new": [4]})
    assert laid == {"a": 2, "list": [{"name": "x", "v": 3}, 2], "kept": True, "new": [4]}
    assert lay_over([1], [5, 6]) == [5, 6]
