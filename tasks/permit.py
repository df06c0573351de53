"""May this be edited? The content policy is asked before anything else is done, or looked up."""

from __future__ import annotations

from prefect import get_run_logger, task

from tasks.domain.classification import classify
from tasks.domain.errors import PolicyRefused
from tasks.domain.models import Job
from tasks.domain.policy import Ruling
from tasks.policies import ruling
from tasks.policies.protocol import Asked
from tasks.policing import policed, policy_in_force
from tasks.retrying import retry_transient
from tasks.storage import desk


def permit(job: Job) -> Ruling | None:
    """What the policy says to the request, when it allows it; None where no policy is set.

    Raises `PolicyRefused` with its reason when it does not, `PolicyError` or `PolicyFailed` when nobody can say.
    """
    return _permit(job) if policed() else None


@task(name="permit", task_run_name="permit", **retry_transient)
def _permit(job: Job) -> Ruling | None:
    policy = policy_in_force()
    if policy is None:
        return None
    asked = Asked(
        request=job.request,
        edit_type=classify(job.request.prompt, job.request.edit_type).edit_type,
        source=desk.pick_up(job.source),
        references=tuple(map(desk.pick_up, job.references)),
    )
    said = ruling.before(policy, asked)
    if not said.allowed:
        raise PolicyRefused(
            f"refused by the policy of this installation ({said.policy}): {said.reason}; ask for something else, or "
            "talk to who runs it"
        )
    get_run_logger().info("allowed by %s", said.policy)
    return said
