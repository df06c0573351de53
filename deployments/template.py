"""What a worker makes of a flow run - a process, a container, a job - as a base job template for its pool.

Prefect ships one template for each type of pool; templates/TYPE.yaml holds what is different here and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from prefect.workers.base import BaseWorker

TEMPLATES = Path(__file__).parent / "templates"
TYPES = ("process", "docker", "kubernetes")


def job_template(kind: str, image: str | None = None) -> dict[str, Any]:
    """The base job template of a pool of that type, for that image.

    Raises `LookupError` when the package the type needs is not installed, or the type knows no images.
    """
    worker = BaseWorker.get_worker_class_from_type(kind)
    if worker is None:
        raise LookupError(f"pools of type {kind} need the package prefect-{kind}: pip install -e .[{kind}]")
    ours = TEMPLATES / f"{kind}.yaml"
    differences = yaml.safe_load(ours.read_text(encoding="utf-8")) if ours.exists() else {}
    template: dict[str, Any] = lay_over(worker.get_default_base_job_template(), differences)
    if image:
        template["variables"]["properties"]["image"]["default"] = image
    return template


def lay_over(base: Any, over: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """`base` changed by `over`: mappings key by key, lists item by item, anything else replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: lay_over(base.get(key), value) for key, value in over.items()}
    if isinstance(base, list) and isinstance(over, list):
        return [lay_over(*pair) for pair in zip(base, over, strict=False)] + over[len(base) :] + base[len(over) :]
    return over
