"""An edit told to a person: what was asked, what came of it, what was checked, what was tried."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tasks.domain.markdown import bold, code, plain, table
from tasks.domain.models import Attempt, Check, EditPlan, Verdict
from tasks.domain.results import EditResult

NO_LINKS: Mapping[str, str] = MappingProxyType({})


def told(result: EditResult, picture: str = "", links: Mapping[str, str] = NO_LINKS) -> str:
    """The edit as Markdown; `picture` is the address of its sheet, `links` are those of its files by their names."""
    made = delivered(result)
    kind = result.classification
    lines = [
        f"## {result.outcome}: {kind.edit_type} edit",
        f"> {plain(result.request.prompt)}",
        "",
        *([f"![before and after, what failed in red]({picture})", ""] if picture else []),
        *([" · ".join(f"[{name}]({url})" for name, url in links.items()), ""] if links else []),
        *table(["", ""], ([name, shown] for name, shown in _facts(result).items() if shown)),
        "",
        "### Checks",
        *table(["", "check", "passed", "score", "needs", "seen"], map(_row, *_numbered(made.verdict))),
        "",
        "### Attempts",
        *table(
            ["", "why", "plan", "found", "engine seconds"],
            (_attempt(number, attempt, made) for number, attempt in enumerate(result.attempts, start=1)),
        ),
    ]
    return "\n".join(lines)


def delivered(result: EditResult) -> Attempt:
    """The attempt whose picture is the result's: the one that passed, or the best of those that did not."""
    same = [attempt for attempt in result.attempts if attempt.candidate.image.sha256 == result.output.sha256]
    return same[-1] if same else result.attempts[-1]


def _facts(result: EditResult) -> dict[str, str]:
    kind = result.classification
    seconds = (result.finished - result.started).total_seconds()
    return {
        "picture": code(result.output.uri),
        "before and after": code(result.sheet_uri),
        "where it may differ": code(result.mask_uri),
        "metadata": code(result.metadata_uri),
        "source": code(result.original.uri),
        "kind of edit": f"{kind.edit_type} ({kind.confidence:.0%} sure): {plain(kind.reason)}",
        "engine": plain(f"{result.engine.model} {result.engine.revision}"),
        "took": f"{seconds:.1f} s, of the engine {plain(cost(result))}",
        "reused": "done before, looked up" if result.reused else "",
        "from the cache": code(result.kept_from),
        "labels": plain(", ".join(f"{name}: {value}" for name, value in result.request.metadata.items())),
    }


def cost(result: EditResult) -> str:
    """Engine seconds, also those of each kind of attempt where there was more than one."""
    kinds = [f"{kind.adapter or kind.engine} {kind.engine_seconds:.1f} s" for kind in result.spent]
    return f"{result.engine_seconds:.1f} s" + (f" ({', '.join(kinds)})" if len(kinds) > 1 else "")


def _numbered(verdict: Verdict) -> tuple[list[str], list[Check]]:
    """The checks, each with its number on the sheet; empty for those that passed."""
    numbers = {id(check): str(number) for number, check in verdict.failed.items()}
    return [numbers.get(id(check), "") for check in verdict.checks], list(verdict.checks)


def _row(number: str, check: Check) -> list[str]:
    passed = "yes" if check.passed else bold(f"no: {check.failure}")
    return [
        bold(number) if number else "",
        check.name,
        passed,
        f"{check.score:.2f}",
        f"{check.threshold:.2f}",
        plain(check.detail),
    ]


def _attempt(number: int, attempt: Attempt, made: Attempt) -> list[str]:
    found = ", ".join(attempt.verdict.failures) or "every check passed"
    return [
        bold(str(number)) if attempt is made else str(number),
        plain(attempt.plan.remedy) or "as the kind of edit asks",
        _plan(attempt.plan),
        found,
        f"{attempt.candidate.engine_seconds:.1f}",
    ]


def _plan(plan: EditPlan) -> str:
    where = f", within {list(plan.region)}" if plan.region else ""
    drawn = f"{plan.adapter}, " if plan.adapter else ""
    return plain(f"{drawn}{plan.steps} steps, guidance {plan.cfg_scale:g}, seed {plan.seed}{where}")
