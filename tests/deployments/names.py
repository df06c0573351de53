"""Which environment variables somebody reads: a misspelt one is an error that nobody reports."""

from __future__ import annotations

from collections.abc import Iterable

from prefect.settings.legacy import _get_settings_fields
from prefect.settings.models.root import Settings as PrefectSettings
from prefect_kubernetes.settings import KubernetesObserverSettings
from prefect_redis.cleanup_queue import RedisWorkerCleanupQueueSettings
from prefect_redis.client import RedisMessagingSettings

from deployments.api.settings import ApiSettings
from tasks.engines.endpoint.settings import EndpointSettings
from tasks.engines.licensing import Use
from tasks.engines.qwen.settings import QwenSettings
from tasks.inboxes import Inboxes
from tasks.policies.registry import PolicySettings
from tasks.provenance.certificates import CertificateSettings
from tasks.provenance.keys import KeySettings
from tasks.settings import Settings

OURS = (
    Settings,
    KeySettings,
    CertificateSettings,
    PolicySettings,
    Use,
    Inboxes,
    EndpointSettings,
    QwenSettings,
    ApiSettings,
)
INTEGRATIONS = (RedisMessagingSettings, RedisWorkerCleanupQueueSettings, KubernetesObserverSettings)
OTHERS = {
    "EDIT_FLOWS_SERVER_TOKEN",  # tasks/engines/server/__main__.py
    "EDIT_FLOWS_RECEIVER_TOKEN",  # deployments/events/receiver.py
    "EDIT_FLOWS_WATCH",  # deployments/prefect.yaml
    *("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),  # botocore
    *("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"),  # the container toolkit of NVIDIA
    *("REDIS_PASSWORD", "REDISCLI_AUTH"),  # the manifests themselves; redis-cli
    *("POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "PGDATA"),  # the image of PostgreSQL
    *("PATH", "HOME", "HF_HOME", "DO_NOT_TRACK", "PREFECT_HOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"),
}
KNOWN = (
    OTHERS
    | {f"{kind.model_config['env_prefix']}{field}".upper() for kind in OURS for field in kind.model_fields}
    | {f"{kind.model_config['env_prefix']}{field}".upper() for kind in INTEGRATIONS for field in kind.model_fields}
    | set(_get_settings_fields(PrefectSettings))
)


def unknown(names: Iterable[str]) -> set[str]:
    """Those of the names that nobody reads."""
    return set(names) - KNOWN
