"""Files that people write: requests, recipes, sidecars, brands, chains, A/B tests, lists and tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.domain.ab.counts import counted
from tasks.domain.ab.experiment import Definition, Variant, read_definition
from tasks.domain.brand import Brand, Logo, in_brand, parse_brand, refuse_forbidden
from tasks.domain.chain import replanned
from tasks.domain.errors import RequestError
from tasks.domain.identity import identity_of
from tasks.domain.models import EditRequest, EditType
from tasks.domain.template import Override, Template, compose, parse
from tasks.storage.counts import read_counts
from tasks.storage.documents import read_document
from tasks.storage.naming import own_name
from tasks.storage.orders import orders
from tests.hostile.surface import Case, Surface, drawn
from tests.hostile.words import as_json, as_yaml, cut, near, placed, text, values

REQUEST = {"image": "s3://inbox/a.png", "prompt": "Make the sky blue", "references": [], "metadata": {"sku": "A-1"}}
TEMPLATE = {"prompt": "Make it warm", "edit_type": "appearance", "seed": 3, "metadata": {"campaign": "가을"}}
BRAND = {
    "name": "Haru",
    "colours": ["#112233", "navy"],
    "style": "calm",
    "forbidden": ["free", "무료"],
    "logo": {"picture": "logo.png", "position": "top"},
}
CHAIN = {"steps": [{"prompt": "Change 'A' to 'B'", "region": [1, 2, 3, 4]}, {"prompt": "Change 'C' to 'D'"}]}
TEST = {"id": "summer", "variants": [{"name": "a"}, {"name": "b", "prompt": "Make it red"}], "impressions": 1000}
DEFINITION = Definition(id="t", variants=(Variant(name="a"), Variant(name="b", prompt="Make it red")))
COLUMNS = ("variant", "date", "impressions", "conversions", "clicks")


def ask(case: Case, folder: Path) -> None:
    """A request as a program sends it; what is let in can be named, printed and hashed."""
    request = EditRequest.model_validate_json(case)
    assert EditRequest.model_validate_json(request.model_dump_json()) == request
    identity_of(request=request.model_dump(mode="json"))
    assert "/" not in own_name(request.image)


def document(read: Callable[[dict[str, Any], str], object], name: str, case: Case, folder: Path) -> None:
    """A file that `read` makes something of."""
    uri = placed(case, folder, name)
    read(read_document(uri), uri)


def recipe(fields: dict[str, Any], uri: str) -> None:
    """A recipe, and the request it makes of a picture."""
    compose(parse(Template, fields, uri=uri), Override(), image="a.png", recipe="warm")


def sidecar(fields: dict[str, Any], uri: str) -> None:
    """A sidecar, and the request it makes of a sound recipe."""
    compose(Template(prompt="Make it warm"), parse(Override, fields, uri=uri), image="a.png", recipe="warm")


def brand(fields: dict[str, Any], uri: str) -> None:
    """A brand, and what it makes of an instruction."""
    found = parse_brand(fields, uri=uri)
    in_brand(found, "Make it warm", EditType.SEMANTIC)
    refuse_forbidden(found, "Make it warm")


def chain(case: Case, folder: Path) -> None:
    """A chain, its steps put together."""
    from flows.chaining import read_steps

    replanned(read_steps(placed(case, folder, "c.yaml"), []))


def test(fields: dict[str, Any], uri: str) -> None:
    """An A/B test."""
    assert read_definition(fields, uri=uri).baseline


def listed(name: str, case: Case, folder: Path) -> None:
    """A list of requests: what is no request has an objection, in its place."""
    for asked in orders(placed(case, folder, name), Template(prompt="Make it warm")):
        assert (asked.request is None) == bool(asked.objection)


def table(name: str, case: Case, folder: Path) -> None:
    """A table of counts."""
    rows, _ = read_counts(uri := placed(case, folder, name))
    for count in counted(rows, DEFINITION, uri=uri):
        assert 0 <= count.successes <= count.impressions


def _rows(header: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    names = st.lists(st.sampled_from(header) | text, min_size=1, max_size=5)
    cells = st.lists(st.sampled_from(("a", "b", "1", "12", "-3", "1.5", "1e9", "nan", "auto")) | text, max_size=6)
    return cut(st.builds(_csv, names, st.lists(cells, max_size=5), st.sampled_from((",", ";", "\t"))))


def _csv(names: list[str], lines: list[list[str]], delimiter: str) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, escapechar="\\")
    writer.writerows([names, *lines])
    return written.getvalue().encode(errors="replace")


def _lines(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return cut(st.lists(documents | values, max_size=4).map(lambda found: "\n".join(map(json.dumps, found)).encode()))


_NAMES = (*EditRequest.model_fields, *Template.model_fields)
_OTHER = {"variant": "b", "impressions": 20, "conversions": 3}
_COUNTS = near({"variant": "a", "impressions": 10, "conversions": 1}, COLUMNS)

_CELLS = st.sampled_from(("0", "1", "12", "-3", "1.5", "1e9", "nan", "1_0", "", "１２"))
_TWO = st.tuples(_CELLS, _CELLS).map(lambda cells: [["a", *cells], ["b", "20", "3"]])

SURFACES = {
    "request": Surface(drawn(as_json(near(REQUEST, _NAMES))), ask, (ValidationError,)),
    "recipe": Surface(drawn(as_yaml(near(TEMPLATE, _NAMES))), partial(document, recipe, "r.yaml"), (RequestError,)),
    "sidecar": Surface(drawn(as_json(near(TEMPLATE, _NAMES))), partial(document, sidecar, "s.json"), (RequestError,)),
    "brand": Surface(
        drawn(as_yaml(near(BRAND, (*Brand.model_fields, *Logo.model_fields)))),
        partial(document, brand, "b.yaml"),
        (RequestError,),
    ),
    "chain": Surface(drawn(as_yaml(near(CHAIN))), chain, (RequestError,)),
    "A/B test": Surface(
        drawn(as_yaml(near(TEST, Definition.model_fields))), partial(document, test, "t.yaml"), (RequestError,)
    ),
    "list CSV": Surface(
        drawn(_rows(("image", "prompt", "references", "metadata.sku"))), partial(listed, "l.csv"), (RequestError,)
    ),
    "list JSONL": Surface(drawn(_lines(near(REQUEST, _NAMES))), partial(listed, "l.jsonl"), (RequestError,)),
    "counts CSV": Surface(
        drawn(_rows(COLUMNS) | _TWO.map(lambda lines: _csv(["variant", "impressions", "conversions"], lines, ","))),
        partial(table, "n.csv"),
        (RequestError,),
    ),
    "counts JSON": Surface(
        drawn(as_json(st.lists(_COUNTS | values, max_size=4) | _COUNTS | _COUNTS.map(lambda line: [line, _OTHER]))),
        partial(table, "n.json"),
        (RequestError,),
    ),
}
