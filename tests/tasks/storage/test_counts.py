from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from tasks.domain.errors import RequestError, TransientError
from tasks.storage import counts, files
from tasks.storage.counts import read_counts

ROWS = [
    {"variant": "원본", "impressions": 4000, "conversions": 480},
    {"variant": "夏", "impressions": 4100, "conversions": 600},
]


def csv(rows=ROWS) -> bytes:
    return str(pd.DataFrame(rows).to_csv(index=False)).encode()


def parquet(rows=ROWS) -> bytes:
    target = io.BytesIO()
    pd.DataFrame(rows).to_parquet(target)
    return target.getvalue()


def put(base, name, data: bytes) -> str:
    uri = f"{base}/{name}"
    files.write_once(uri, data)
    return uri


FORMS = {
    "m.csv": csv(),
    "bom.csv": b"\xef\xbb\xbf" + csv(),
    "m.CSV": csv().replace(b"variant", b" Variant "),
    "m.parquet": parquet(),
    "list.json": json.dumps(ROWS).encode(),
    "mapping.json": json.dumps({row["variant"]: row for row in ROWS}).encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_lines_local_or_in_a_bucket(base, name):
    rows, sha256 = read_counts(put(base, name, FORMS[name]))
    assert [(fields["variant"], int(fields["conversions"])) for _, fields in rows] == [("원본", 480), ("夏", 600)]
    assert [where for where, _ in rows] == ["row 1", "row 2"]
    assert len(sha256) == 64


def test_columns_that_mean_nothing_here_are_left_out(tmp_path):
    rows, _ = read_counts(put(tmp_path, "m.csv", csv([row | {"revenue": 5, "note": "made up"} for row in ROWS])))
    assert set(rows[0][1]) == {"variant", "impressions", "conversions"}


BROKEN = {
    "empty.csv": (b"", "cannot be read as a table: No columns"),
    "header.csv": (b"variant,impressions,conversions\n", "a header and no line"),
    "semicolons.csv": (b"variant;impressions;conversions\nA;1;1\n", "no column 'variant'; it has 'variant;impressions"),
    "ragged.csv": (b"variant,impressions\nA,1\nB,1,000\n", "cannot be read as a table"),
    "shifted.csv": (b"variant,impressions\nA,1,000\nB,2,000\n", "cannot be read as a table"),
    "double.csv": (b"variant,impressions,Impressions\nA,1,2\n", "more than one column 'impressions'"),
    "latin.csv": ("variant,impressions\nCafé,1\n".encode("latin-1"), "cannot be read as a table"),
    "other.csv": (b"name,views\nA,1\n", "no column 'variant'; it has 'name', 'views'"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n\x00\x00", "cannot be read as a table"),
    "broken.parquet": (b"PAR1 not really", "cannot be read as a table"),
    "broken.json": (b'[{"variant": "A",', "cannot be read as a table"),
    "text.json": (b'"A"', "neither a list of objects nor"),
    "numbers.json": (b"[1, 2]", "'1' is no object of counts"),
    "flat.json": (b'{"variant": "A", "impressions": 5}', "'A' is no object of counts"),
    "none.json": (b"[]", "no column 'variant'; it has none"),
    "twice.json": (b'{"A": {"impressions": 1}, "A": {"impressions": 2}}', "given twice among A, A"),
    "deep.json": (b"[" * 100_000, "cannot be read as a table"),
    "m.xlsx": (b"x", "give one of .csv, .parquet, .json"),
    "noending": (b"x", "give one of .csv, .parquet, .json"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_table_is_refused_by_name(tmp_path, name):
    data, message = BROKEN[name]
    with pytest.raises(RequestError) as refused:
        read_counts(put(tmp_path, name, data))
    assert message in str(refused.value)
    assert name in str(refused.value)


def test_a_table_that_is_not_there_is_refused(base):
    with pytest.raises(RequestError, match=r"nowhere\.csv"):
        read_counts(f"{base}/nowhere.csv")


def test_a_table_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(counts, "MOST_ROWS", 1)
    with pytest.raises(RequestError, match="has 2 lines: the limit is 1; add them up by day"):
        read_counts(put(tmp_path, "m.csv", csv()))


def test_a_store_that_does_not_answer_may_answer_later(monkeypatch, s3):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    with pytest.raises(TransientError):
        read_counts(f"{s3}/m.csv")
