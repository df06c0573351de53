"""The report as one HTML file that needs nothing else: no script, no address outside of it."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from tasks.domain.ab.analysis import Analysis, Finding, Recommendation
from tasks.domain.ab.experiment import Experiment
from tasks.domain.ab.telling import HEADER, headline, remarks, table

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Noto Sans KR", "Noto Sans SC", sans-serif; color: #1f2430; margin: 2rem auto;
       max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; overflow-wrap: anywhere; }
.advice { border-left: 5px solid #7b8494; background: #f3f4f7; padding: .7rem 1rem; margin: 1rem 0; }
.winner { border-color: #1a7f4b; } .blocked { border-color: #b3372f; }
img { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: right; padding: .4rem .6rem; border-bottom: 1px solid #e3e6eb; vertical-align: top; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
.what { color: #5a6270; } li { margin: .2rem 0; }
"""


def page(experiment: Experiment, found: Analysis, advice: Recommendation, chart: bytes) -> str:
    """The HTML document. Whatever a person wrote stands in it as text, never as markup."""
    kind = {Finding.WINNER: "winner", Finding.BLOCKED: "blocked"}.get(found.finding, "open")
    asked = "".join(
        f"<li><b>{escape(variant.name)}</b>: {escape(variant.prompt or 'the picture as it is')}"
        f"{f' <span class=what>({escape(variant.hypothesis)})</span>' if variant.hypothesis else ''}</li>"
        for variant in experiment.definition.variants
    )
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table(found))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{escape(found.test)}: {escape(headline(found))}</title><style>{STYLE}</style></head><body>
<h1>{escape(found.test)}: {escape(headline(found))}</h1>
<p class="what">{escape(found.hypothesis)}</p>
<p class="advice {kind}"><b>{escape(str(advice.action))}</b>: {escape(advice.reason)}.</p>
<p><img alt="rates and differences" src="data:image/png;base64,{b64encode(chart).decode()}"></p>
<div class="wide"><table><thead><tr>{"".join(f"<th>{escape(name)}</th>" for name in HEADER)}</tr></thead>
<tbody>{rows}</tbody></table></div>
<ul>{"".join(f"<li>{escape(remark)}</li>" for remark in remarks(found))}</ul>
<h2>What was shown</h2><ul>{asked}</ul>
</body></html>
"""
