"""An analysis in words: the lines and the table that Markdown, HTML and the command line share."""

from __future__ import annotations

from tasks.domain.ab.analysis import Analysis, Comparison, Finding, Recommendation
from tasks.domain.ab.experiment import Method
from tasks.domain.markdown import plain
from tasks.domain.markdown import table as markdown_table

HEADER = (
    "variant",
    "impressions",
    "successes",
    "rate (interval now)",
    "against control, points (interval)",
    "lift",
    "p, corrected",
    "chance best",
    "expected loss, points",
)


def table(found: Analysis) -> list[tuple[str, ...]]:
    """One line per variant, as `HEADER` says."""
    compared = {one.variant: one for one in found.comparisons}
    return [
        (
            arm.variant,
            f"{arm.impressions:,}",
            f"{arm.successes:,}",
            f"{arm.rate:.2%} ({arm.low:.2%} to {arm.high:.2%})",
            *_against(compared.get(arm.variant)),
            f"{arm.chance_best:.1%}",
            f"{100 * arm.expected_loss:.3f}",
        )
        for arm in found.arms
    ]


def headline(found: Analysis) -> str:
    """The verdict in a few words."""
    return f"{found.finding}: {found.winner}" if found.winner else str(found.finding)


def remarks(found: Analysis) -> list[str]:
    """What must be known to read the figures right."""
    level = f"{1 - found.confidence:.1%}"
    if found.method is Method.SEQUENTIAL:
        how = (
            f"The verdict is safe at every look: a false winner, ever, in at most {level} of tests without a difference"
        )
    else:
        how = f"The verdict falls once, at the planned size: a false winner in at most {level} of tests"
    if len(found.comparisons) > 1:
        how += f", all {len(found.comparisons)} comparisons together (Holm; intervals Bonferroni)"
    size = f" of {found.planned:,} planned" if found.planned else ", no size planned"
    split = "as planned" if found.split.passed else "NOT as planned"
    lines = [
        f"{how}.",
        f"{found.impressions:,} impressions{size}; traffic split {split} (p = {found.split.p_value:.2g}).",
        "Chance of being best and expected loss describe the counts under a flat prior; no verdict rests on them.",
        "Each impression is taken for an independent trial: count people once, not page views.",
    ]
    if found.decided:
        lines.append(f"Decided on {found.decided:%Y-%m-%d %H:%M} UTC; a fixed test is decided once.")
    if found.finding is Finding.BLOCKED:
        lines.append("No variant wins or loses while the split is wrong.")
    return lines


def markdown(found: Analysis, advice: Recommendation, chart: str = "") -> str:
    """The report for the Prefect UI; `chart` is the address of its picture."""
    lines = [
        f"## {plain(found.test)}: {plain(headline(found))}",
        *([f"> {plain(found.hypothesis)}", ""] if found.hypothesis else []),
        f"**{advice.action}** - {plain(advice.reason)}.",
        "",
        *([f"![rates and differences]({chart})", ""] if chart else []),
        *markdown_table(HEADER, ([plain(cell) for cell in row] for row in table(found))),
        "",
        *(f"- {remark}" for remark in remarks(found)),
    ]
    return "\n".join(lines)


def _against(one: Comparison | None) -> tuple[str, str, str]:
    if one is None:
        return "control", "", ""
    lift = "-" if one.lift is None else f"{one.lift:+.1%}"
    interval = f"{100 * one.difference:+.2f} ({100 * one.low:+.2f} to {100 * one.high:+.2f})"
    return interval, lift, f"{one.p_adjusted:.2g}"
