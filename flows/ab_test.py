"""create-ab-variants: the pictures of a test and its record; analyze-ab-test: what its counts say.

definition, picture --> admit --> for each variant: dispatch_edit --> all accepted? --yes--> enrol --> ready
                                                                           └--no--> told; run again to go on
test, counts --> weigh --> report
                 verdict   page, chart, JSON, artifact
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import Annotated

from prefect import flow, get_run_logger
from pydantic import Field

from flows.dispatch import dispatch_edit
from flows.progress import progress
from flows.together import together
from tasks.admit import Admitted, admit
from tasks.domain.ab.analysis import Report
from tasks.domain.ab.experiment import Creation, Definition, Variant, VariantDone
from tasks.domain.ending import Ending
from tasks.domain.errors import EngineError, OutputError, RequestError, UnknownEngine
from tasks.domain.models import EditRequest
from tasks.domain.results import EditResult, Outcome
from tasks.domain.review import standing
from tasks.enrol import enrol
from tasks.report import report
from tasks.settings import settings
from tasks.storage import experiments
from tasks.weigh import weigh

Tried = tuple[VariantDone, EditResult | None]


@flow(name="create-ab-variants", validate_parameters=True)
def create_ab_variants(
    image: str,
    test: Definition,
    output: str | None = None,
    engine: str | None = None,
    at_once: Annotated[int, Field(ge=1, le=64)] = 2,
) -> Creation:
    """The test, ready when every variant has its picture. Run again, it makes only what is not there yet.

    Args:
        image: The picture the variants are made of: a local path or s3://bucket/key.
        test: What is tested.
        output: Folder or s3:// prefix for pictures and records; empty: the usual place (setting EDIT_FLOWS_OUTPUT).
        engine: Name of the engine; empty: the usual one (setting EDIT_FLOWS_ENGINE).
        at_once: Variants worked on at the same time.

    """
    output = output or settings().output
    admitted = admit(output, test, image)
    record = experiments.record_uri(output, test.id)
    if admitted.existing:
        return Creation(test=test.id, ready=True, existed=True, record=record, experiment=admitted.existing)
    wanted = [variant for variant in test.variants if variant.prompt is not None]
    tried: dict[str, Tried] = {}
    work = partial(_make, admitted, test.id, engine)
    with progress(len(wanted), "create-ab-variants") as advance, closing(together(wanted, work, at_once)) as ended:
        for done, result in ended:
            tried[done.variant] = done, result
            advance(f"{done.variant} {done.ending}")
    told = tuple(tried[variant.name][0] for variant in wanted)
    if any(done.ending is not Ending.ACCEPTED for done in told):
        return Creation(test=test.id, ready=False, variants=told)
    made = {name: result for name, (_, result) in tried.items() if result}
    experiment = enrol(output, test, admitted.source, made, engine)
    return Creation(test=test.id, ready=True, variants=told, record=record, experiment=experiment)


@flow(name="analyze-ab-test", validate_parameters=True)
def analyze_ab_test(test: str, metrics: str, output: str | None = None) -> Report:
    """What may be said about a test by now, and what to do. "No winner yet" is an answer.

    Args:
        test: Id of the test.
        metrics: Table of counts (.csv, .parquet, .json), local or s3://: variant, impressions and the test's metric in
            all up to now; with a date in each line, they are added up.
        output: Folder or s3:// prefix that the test was made in; empty: the usual place (setting EDIT_FLOWS_OUTPUT).

    """
    output = output or settings().output
    return report(output, weigh(output, test, metrics))


def _make(admitted: Admitted, test: str, engine: str | None, variant: Variant) -> Tried:
    """The picture of one variant. What is wrong with the installation or a machine is raised: all would meet it."""
    request = EditRequest(
        image=admitted.source.uri,
        prompt=variant.prompt or "",
        edit_type=variant.edit_type,
        metadata={"ab_test": test, "variant": variant.name},
    )
    try:
        result = dispatch_edit(request, admitted.pictures, engine)
    except (UnknownEngine, OutputError):
        raise
    except (RequestError, EngineError) as fault:
        get_run_logger().warning("variant %r failed: %s", variant.name, fault)
        return VariantDone(variant=variant.name, ending=Ending.FAILED, reason=" ".join(str(fault).split())), None
    done = VariantDone(
        variant=variant.name,
        ending=Ending(result.outcome),
        reason=standing(result) if result.outcome is not Outcome.ACCEPTED else "",
        picture=result.output.uri,
        sheet=result.sheet_uri,
        reused=result.reused,
    )
    return done, result
