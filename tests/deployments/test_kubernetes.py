"""The manifests: valid by the schemas of Kubernetes, without rights or secrets, and in accord with compose.yaml."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deployments.template import job_template
from tests.deployments.composed import DEPLOYMENTS, filled, services
from tests.deployments.names import unknown

Manifest = dict[str, Any]
VERSION = "1.34"
FOLDERS = [DEPLOYMENTS / "kubernetes", DEPLOYMENTS / "kubernetes-jobs"]
README = (DEPLOYMENTS / "README.md").read_text(encoding="utf-8")


def written() -> Iterator[Manifest]:
    """Every object of the manifests, as written."""
    for file in sorted(path for folder in FOLDERS for path in folder.glob("*.yaml")):
        if file.name != "kustomization.yaml":
            for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
                yield from document["items"] if document["kind"] == "List" else [document]


def identity(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


ALL = {identity(manifest): manifest for manifest in written()}
PODS = {
    name: manifest["spec"]["template"]["spec"]
    for name, manifest in ALL.items()
    if name.split("/")[0] in {"Deployment", "StatefulSet", "Job"}
}
CONTAINERS = [
    pytest.param(pod, container, id=f"{name}-{container['name']}")
    for name, pod in PODS.items()
    for container in [*pod.get("initContainers", []), *pod["containers"]]
]


@pytest.mark.parametrize("name", ALL)
def test_it_is_valid_by_the_schema_of_kubernetes(name):
    kubernetes_validate.validate(ALL[name], VERSION, strict=True)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_would_be_applied_is_valid_too(folder):
    built = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True).stdout
    made = {identity(manifest): manifest for manifest in yaml.safe_load_all(built)}
    assert set(made) == {
        name for name in ALL if folder == FOLDERS[1] or ("ServiceAccount/" not in name and "Role" not in name)
    }
    for manifest in made.values():
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    assert all(
        made[name]["metadata"].get("namespace") == "edit-flows" for name in made if name != "Namespace/edit-flows"
    )
    if folder == FOLDERS[1]:
        assert "--pool-type" in made["Job/setup"]["spec"]["template"]["spec"]["containers"][0]["args"]
        assert made["Deployment/gpu"]["spec"]["template"]["spec"]["serviceAccountName"] == "worker"


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_no_container_has_rights_or_goes_without_bounds(pod, container):
    """The level "restricted" of the pod security standards, which the namespace enforces, and a read-only root."""
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} == set(container["resources"])
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_every_variable_is_one_that_somebody_reads_and_no_secret_is_written_down(pod, container):
    assert unknown(variable["name"] for variable in container.get("env", [])) == set()
    for variable in container.get("env", []):
        if re.search("PASSWORD|TOKEN|KEY|AUTH", variable["name"]):
            assert "secretKeyRef" in variable.get("valueFrom", {}) or variable["value"].startswith("$(")
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            assert unknown(ALL[f"ConfigMap/{source['configMapRef']['name']}"]["data"]) == set()


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_every_command_is_one_that_compose_has_and_test_scale_runs(pod, container):
    known = [
        [filled(word, {"REDIS_PASSWORD": "$(REDIS_PASSWORD)"}) for word in service["command"]]
        for name in ("compose.yaml", "compose.cuda.yaml")
        for service in services(name).values()
        if "command" in service
    ]
    known += [["python", "-m", "deployments.setup", "--wait"]]
    assert "args" not in container or container["args"] in known


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_what_is_mounted_is_there(pod, container):
    claims = {
        claim["metadata"]["name"]
        for manifest in ALL.values()
        if manifest["kind"] == "StatefulSet"
        for claim in manifest["spec"]["volumeClaimTemplates"]
    }
    volumes = {volume["name"] for volume in pod.get("volumes", [])} | claims
    assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_secrets_are_only_named_and_the_readme_says_how_to_make_them():
    assert not [name for name in ALL if name.startswith("Secret/")]
    text = "".join(path.read_text(encoding="utf-8") for path in (DEPLOYMENTS / "kubernetes").glob("*.yaml"))
    for secret, key in set(re.findall(r"secretKeyRef: \{name: (\w+), key: (\w+)\}", text)):
        made = re.search(rf"create secret generic {secret} ((?:.*\\\n)*.*)", README)
        assert made, secret
        assert f"--from-literal={key}=" in made[1]


def test_prefect_is_set_up_in_the_cluster_as_it_is_in_compose():
    server = {name: value for name, value in services()["server"]["environment"].items() if "$" not in value}
    assert ALL["ConfigMap/prefect"]["data"] == server
    own = {"EDIT_FLOWS_INBOX", "EDIT_FLOWS_OUTPUT", "EDIT_FLOWS_KEYS", "PREFECT_API_URL"}  # keys come as a secret
    worker = {name: value for name, value in services()["gpu"]["environment"].items() if value and "$" not in value}
    settings = ALL["ConfigMap/settings"]["data"]
    assert {name: value for name, value in settings.items() if name in worker and name not in own} == {
        name: value for name, value in worker.items() if name not in own
    }


def test_the_engine_is_given_its_card_and_the_time_and_memory_that_loading_takes():
    pod = PODS["Deployment/engine"]
    engine = next(container for container in pod["containers"] if container["name"] == "engine")
    assert engine["resources"]["limits"]["nvidia.com/gpu"] == engine["resources"]["requests"]["nvidia.com/gpu"] == 1
    shm = next(volume["emptyDir"] for volume in pod["volumes"] if volume["name"] == "shm")
    assert shm == {"medium": "Memory", "sizeLimit": "8Gi"}  # counts as memory of the container
    assert int(engine["resources"]["requests"]["memory"].removesuffix("Gi")) >= 64 + 8
    probe = engine["startupProbe"]
    assert probe["httpGet"]["path"] == "/health"
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 3600
    assert pod["terminationGracePeriodSeconds"] > 60  # --grace
    assert ALL["Deployment/engine"]["spec"]["strategy"] == {"type": "Recreate"}
    assert {"name": "models", "mountPath": "/models"} in engine["volumeMounts"]


def test_services_find_their_pods():
    labels = [
        manifest["spec"]["template"]["metadata"]["labels"]
        for manifest in ALL.values()
        if "template" in manifest.get("spec", {})
    ]
    for name, manifest in ALL.items():
        if name.startswith("Service/"):
            assert manifest["spec"]["selector"] in labels, name


def test_jobs_of_runs_find_what_they_name():
    pod = job_template("kubernetes")["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert {"configMapRef": {"name": "settings"}} in pod["containers"][0]["envFrom"]
    assert "ServiceAccount/run" in ALL
    names = job_template("kubernetes")["variables"]["properties"]
    assert (names["namespace"]["default"], names["service_account_name"]["default"]) == ("edit-flows", "run")
