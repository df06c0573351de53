"""Box G, quality validation: the candidate must be what was asked for, and everything else as it was."""

from __future__ import annotations

import numpy as np
from prefect import get_run_logger, task

from tasks.domain.errors import EngineError
from tasks.domain.models import Candidate, EditPlan, Job, Verdict
from tasks.engines.judge import second_opinion
from tasks.engines.registry import get_engine
from tasks.engines.text_reader import read_text
from tasks.imaging.checks.inspection import inspect
from tasks.policies import ruling
from tasks.policies.protocol import Made
from tasks.policing import policy_in_force
from tasks.retrying import retry_transient
from tasks.storage import desk


@task(name="validate", task_run_name="validate attempt {attempt}", **retry_transient)
def validate(job: Job, plan: EditPlan, candidate: Candidate, attempt: int) -> Verdict:
    """The verdict on one candidate: every check of the plan with its score, threshold and, if failed, what is wrong.

    The vision-language model of the job's engine is asked for a second opinion; when that fails, the checks decide.
    The content policy, where one is set, is asked of every candidate; raises `PolicyFailed` when it cannot say.
    """
    source, picture = desk.pick_up(job.source), desk.pick_up(candidate.image)
    allowed = np.asarray(desk.pick_up(plan.mask)) > 0 if plan.mask else None
    verdict = inspect(source, picture, plan.contract, allowed, read_text, exact=job.mask is not None)
    logger = get_run_logger()
    try:
        verdict = second_opinion(verdict, get_engine(job.engine.name).vision, source, picture, job.request.prompt)
    except EngineError as failed:
        logger.warning("not judged, the other checks decide: %s", failed)
    if policy := policy_in_force():
        made = Made(request=job.request, edit_type=plan.contract.edit_type, source=source, picture=picture)
        verdict = Verdict(checks=(*verdict.checks, ruling.check_of(ruling.after(policy, made))))
    for check in verdict.checks:
        outcome = "passed" if check.passed else f"FAILED ({check.failure})"
        logger.info("%s %s: %.3f against %.3f. %s", check.name, outcome, check.score, check.threshold, check.detail)
    logger.info("attempt %d %s", attempt, "passed" if verdict.passed else "did not pass")
    return verdict
