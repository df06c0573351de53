"""What workers make of our templates, by their own code: a job Kubernetes takes, a container Docker takes."""

from __future__ import annotations

import asyncio
import json
import shlex
from typing import Any
from uuid import uuid4

import kubernetes_validate
import pytest
from docker.models.containers import _create_container_args
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect_docker.worker import DockerWorker, DockerWorkerJobConfiguration
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration

from deployments.template import job_template
from tests.deployments.composed import DEPLOYMENTS

OWN_ENGINE = {
    "image": "edit-flows:cuda",
    "gpus": 1,
    "memory_request": "72Gi",
    "memory_limit": "72Gi",
    "shm": "8Gi",
    "models": {"name": "models", "persistentVolumeClaim": {"claimName": "models"}},
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    "env": {"EDIT_FLOWS_ENGINE": "qwen"},
}
"""Variables of a run that loads the weights itself, as deployments/README.md has them."""

pytestmark = pytest.mark.usefixtures("prefect_server")


def prepared(kind: type[Any], name: str, values: dict[str, Any]) -> Any:
    """The configuration a worker would act on for a run with those job variables."""

    async def ask() -> Any:
        async with get_client() as client:
            return await kind.from_template_and_values(job_template(name), values, client=client)

    configuration = asyncio.run(ask())
    configuration.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="calm-cat"))
    return configuration


def job(values: dict[str, Any]) -> dict[str, Any]:
    """The Kubernetes job, checked against the schema of Kubernetes."""
    manifest: dict[str, Any] = prepared(KubernetesWorkerJobConfiguration, "kubernetes", values).job_manifest
    for misplaced in (
        "completions",
        "parallelism",
    ):  # by Prefect's own template, which insists; Kubernetes ignores them
        assert manifest["spec"]["template"]["spec"].pop(misplaced) == 1
    kubernetes_validate.validate(manifest, "1.34", strict=True)
    return manifest


@pytest.mark.parametrize("values", [{}, OWN_ENGINE], ids=["client of an engine", "with its own engine"])
def test_the_job_is_what_kubernetes_takes_and_has_no_rights(values):
    pod = job(values)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"][-3:] == ["prefect", "flow-run", "execute"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not pod["automountServiceAccountToken"]


def test_a_run_is_a_client_unless_it_asks_for_a_card_and_the_weights():
    thin, own = (job(values)["spec"]["template"]["spec"] for values in ({}, OWN_ENGINE))
    assert thin["containers"][0]["resources"]["limits"] == {"memory": "4Gi", "nvidia.com/gpu": 0}
    assert own["containers"][0]["resources"]["limits"] == {"memory": "72Gi", "nvidia.com/gpu": 1}
    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}} in own["volumes"]
    assert OWN_ENGINE["models"] in own["volumes"]
    assert (thin["tolerations"], own["tolerations"]) == ([], OWN_ENGINE["tolerations"])
    assert {"name": "EDIT_FLOWS_ENGINE", "value": "qwen"} in own["containers"][0]["env"]
    mounted = {mount["name"] for mount in own["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in own["volumes"]}


def test_the_readme_gives_those_variables():
    """Each as Prefect's command reads it: JSON where it is JSON, else the words."""
    readme = (DEPLOYMENTS / "README.md").read_text(encoding="utf-8").replace("\\\n", " ")
    words = shlex.split(next(line for line in readme.splitlines() if "deployment run edit-batch" in line))
    given: dict[str, Any] = {}
    for word in words[words.index("--job-variable") + 1 :: 2]:
        name, value = word.split("=", 1)
        try:
            given[name] = json.loads(value)
        except json.JSONDecodeError:
            given[name] = value
    assert given == OWN_ENGINE


def test_the_container_is_what_docker_takes():
    Secret(value="engine3").save("engine-key", overwrite=True)
    devices = [{"driver": "nvidia", "count": 1, "capabilities": [["gpu"]]}]
    configuration = prepared(DockerWorkerJobConfiguration, "docker", {"devices": devices, "env": {"A": "b"}})

    class Daemon:
        """What the settings depend on of a daemon: its version."""

        @staticmethod
        def version() -> dict[str, str]:
            return {"Version": "28.2.2"}

    settings = DockerWorker("gpu")._build_container_settings(Daemon(), configuration)
    made = _create_container_args({**settings, "version": "1.50"})
    assert made["environment"]["EDIT_FLOWS_ENDPOINT_KEY"] == "engine3"
    assert made["environment"]["PREFECT_API_URL"] == "http://server:4200/api"
    assert made["environment"]["A"] == "b"
    assert made["host_config"]["DeviceRequests"][0]["Capabilities"] == [["gpu"]]
    assert (made["host_config"]["Memory"], made["host_config"]["ShmSize"]) == (4 << 30, 256 << 20)
    assert made["host_config"]["ReadonlyRootfs"]
    assert "edit-flows_outputs:/outputs" in made["host_config"]["Binds"]
