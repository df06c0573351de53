"""The commands ab create, list, show, plan, analyze and close.

Exit codes: 0 done, and for analyze: there is a winner (it may be the control); 2 for create: a variant did not pass
validation, for analyze: no winner (not yet, none to be found, or the check of the traffic blocks the verdict); 1 error.
"""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import App, Parameter

from flows.embedded import embedded, silence_tracebacks
from tasks.domain.ab.analysis import Finding, Report
from tasks.domain.ab.experiment import Aim, Creation, Standing, read_definition
from tasks.domain.ab.telling import headline, remarks, table
from tasks.domain.ending import Ending
from tasks.domain.errors import RequestError
from tasks.settings import settings
from tasks.storage import experiments
from tasks.storage.documents import read_document

Json = Annotated[bool, Parameter(name="--json", negative="")]

ab = App(name="ab", help="A/B tests of pictures: made, planned, listed, analysed, closed.")


@ab.command
def create(
    test: str,
    image: str,
    *,
    output: str | None = None,
    engine: str | None = None,
    at_once: int = 2,
    json_: Json = False,
) -> int:
    """Make the pictures of a test and, when all are accepted, its record; run again, it makes what is missing.

    Args:
        test: YAML or JSON file: id, variants (name, prompt), hypothesis, metric, aim ... (examples/ab-test.yaml).
        image: Local path or URL (s3://bucket/key) of the picture the variants are made of.
        output: Folder or s3:// prefix for pictures and records; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        engine: Engine to use; default from EDIT_FLOWS_ENGINE.
        at_once: Variants worked on at the same time.
        json_: Print one JSON document instead of text.
    """
    definition = read_definition(read_document(test), uri=test)
    with embedded():
        from flows.ab_test import create_ab_variants  # noqa: PLC0415  imports Prefect, other commands do without

        silence_tracebacks()
        result = create_ab_variants(image, definition, output, engine, at_once)
    print(result.model_dump_json() if json_ else _created(result))
    if result.ready:
        return 0
    return 1 if any(done.ending is Ending.FAILED for done in result.variants) else 2


@ab.command
def analyze(test: str, metrics: str, *, output: str | None = None, json_: Json = False) -> int:
    """Tell what the counts of a test say; exit code 0 only when there is a winner.

    Args:
        test: Id of the test.
        metrics: Table (.csv, .parquet, .json; local or s3://) of variant, impressions and the test's metric.
        output: Where the test was made; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        json_: Print one JSON document instead of text.
    """
    with embedded():
        from flows.ab_test import analyze_ab_test  # noqa: PLC0415  as above

        silence_tracebacks()
        report = analyze_ab_test(test, metrics, output)
    print(report.model_dump_json() if json_ else _analysed(report))
    return 0 if report.analysis.finding is Finding.WINNER else 2


@ab.command(name="list")
def list_(*, output: str | None = None, json_: Json = False) -> int:
    """List every test.

    Args:
        output: Where the tests were made; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        json_: Print one JSON document instead of text.
    """
    found = list(experiments.every(output or settings().output))
    if json_:
        print(json.dumps([_summary(standing) for standing in found], ensure_ascii=False))
    for standing in [] if json_ else found:
        test = standing.experiment.definition
        names = ", ".join(variant.name for variant in test.variants)
        print(f"{standing.status:<8} {standing.experiment.created:%Y-%m-%d}  {test.id}  {test.metric}: {names}")
    return 0


@ab.command
def show(test: str, *, output: str | None = None, json_: Json = False) -> int:
    """Show the record of a test, its status and where its analyses lie.

    Args:
        test: Id of the test.
        output: Where it was made; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        json_: Print one JSON document instead of text.
    """
    standing = experiments.stand(output or settings().output, test)
    document = {"status": standing.status} | standing.model_dump(mode="json")
    print(json.dumps(document, ensure_ascii=False) if json_ else _shown(standing))
    return 0


@ab.command
def close(test: str, *, reason: str = "", output: str | None = None, json_: Json = False) -> int:
    """End a test: it is not analysed any more; nothing of it is removed.

    Args:
        test: Id of the test.
        reason: Why, for the record.
        output: Where it was made; default from EDIT_FLOWS_OUTPUT, else ./outputs.
        json_: Print one JSON document instead of text.
    """
    closing = experiments.close(output or settings().output, test, reason)
    print(closing.model_dump_json() if json_ else f"closed {test!r} on {closing.closed:%Y-%m-%d %H:%M} UTC")
    return 0


@ab.command
def plan(
    base_rate: float,
    *,
    lift: float | None = None,
    impressions: int | None = None,
    variants: int = 2,
    power: float = 0.8,
    confidence: float = 0.95,
    json_: Json = False,
) -> int:
    """Tell how many impressions find a lift, or which lift so many impressions find.

    Args:
        base_rate: Rate expected of the control, such as 0.12.
        lift: Smallest relative lift worth finding: 0.2 is 20 % more.
        impressions: Impressions of all variants together, instead.
        variants: Number of variants, the control included.
        power: Chance of finding the lift.
        confidence: 1 less the chance of a false winner.
        json_: Print one JSON document instead of text.
    """
    from tasks.statistics.planning import size, smallest_lift  # noqa: PLC0415  imports SciPy, others do without

    if (lift is None) == (impressions is None):
        raise RequestError("give either --lift or --impressions; the other is told")
    if not (2 <= variants <= 20 and 0.8 <= confidence <= 0.999 and 0.5 <= power <= 0.99 and 0 < base_rate < 1):
        raise RequestError("variants: 2 to 20, confidence: 0.8 to 0.999, power: 0.5 to 0.99, base rate: within 0 and 1")
    if lift is not None:
        found = size(Aim(base_rate=base_rate, lift=lift, power=power), (1.0,) * variants, confidence)
        once, anytime = f"{found.fixed:,}", f"{found.sequential:,}"
        told = (
            f"a lift of {lift:.1%} of {base_rate:.2%} is found with {power:.0%} power by, in all {variants} variants:"
        )
        answer = found.model_dump(mode="json")
    else:
        at_end, at_any = smallest_lift(impressions or 0, base_rate, variants, power, confidence)
        once, anytime = f"{at_end:.1%}", f"{at_any:.1%}"
        told = f"{impressions:,} impressions in all {variants} variants find, with {power:.0%} power, a lift of:"
        answer = {"impressions": impressions, "lift_fixed": at_end, "lift_sequential": at_any}
    lines = [told, f"  {once:>12}  looking once, at the end (method: fixed)"]
    lines.append(f"  {anytime:>12}  looking whenever you like (method: sequential), at the most")
    print(json.dumps(answer) if json_ else "\n".join(lines))
    return 0


def _created(result: Creation) -> str:
    lines = [
        f"{done.ending:<9}{' (made before)' if done.reused else ''} {done.variant}  {done.reason or done.picture}"
        for done in result.variants
    ]
    if not result.ready:
        return "\n".join([*lines, f"test {result.test!r} is not ready; run it again when this is mended"])
    planned = result.experiment.planned if result.experiment else None
    size = f", {planned:,} impressions planned" if planned else ""
    return "\n".join(
        [*lines, f"test {result.test!r} {'was' if result.existed else 'is'} ready{size}", f"  record  {result.record}"]
    )


def _analysed(report: Report) -> str:
    found = report.analysis
    lines = [headline(found), f"  {report.recommendation.action}: {report.recommendation.reason}"]
    for row in table(found):
        variant, impressions, successes, rate, against, lift, p_value, best, loss = row
        held = f"{against}  {lift}  p {p_value}" if lift or p_value else against
        lines.append(f"  {variant}  {successes} of {impressions}: {rate}  {held}  best {best}, loss {loss}")
    return "\n".join([*lines, *(f"  - {remark}" for remark in remarks(found)), f"  page  {report.html}"])


def _shown(standing: Standing) -> str:
    experiment, test = standing.experiment, standing.experiment.definition
    asked = {variant.name: variant.prompt or "the picture as it is" for variant in test.variants}
    ended = f" on {standing.closing.closed:%Y-%m-%d}: {standing.closing.reason}" if standing.closing else ""
    lines = [
        f"{test.id}: {standing.status}{ended}",
        *([f"  {test.hypothesis}"] if test.hypothesis else []),
        f"  {test.metric} per impression, {test.method}, against {test.baseline!r}",
        f"  made {experiment.created:%Y-%m-%d}; planned size: {experiment.planned or 'none'}",
    ]
    for picture in experiment.pictures:
        lines += [f"  {picture.variant}: {asked[picture.variant]}", f"      {picture.image.uri}"]
    return "\n".join([*lines, *(f"  analysis {uri}" for uri in standing.analyses)])


def _summary(standing: Standing) -> dict[str, object]:
    test = standing.experiment.definition
    return {
        "id": test.id,
        "status": standing.status,
        "created": standing.experiment.created.isoformat(),
        "metric": test.metric.value,
        "method": test.method.value,
        "planned": standing.experiment.planned,
        "variants": [variant.name for variant in test.variants],
        "analyses": len(standing.analyses),
    }
