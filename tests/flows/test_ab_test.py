from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterType
from prefect.client.schemas.sorting import ArtifactSort
from skimage import data

from flows.ab_test import analyze_ab_test, create_ab_variants
from tasks.domain.ab.analysis import Action, Finding, Report
from tasks.domain.ab.experiment import Definition
from tasks.domain.ending import Ending
from tasks.domain.errors import EngineError, ImageError, RequestError, UnknownEngine
from tasks.imaging import codec
from tasks.storage import experiments, files, listing
from tests.doubles import unchanged, warm
from tests.experiments import AIM, definition

pytestmark = pytest.mark.usefixtures("prefect_server", "script")


@pytest.fixture
def photo(tmp_path) -> str:
    path = tmp_path / "사진 #1.png"
    Image.fromarray(data.astronaut()).resize((160, 160)).save(path)
    return str(path)


LOOKS = {"edit_type": "semantic"}


def trial(**terms) -> Definition:
    variants = [
        {"name": "원본"},
        {"name": "<b>따뜻</b>", "prompt": "Give it a warm vintage look"} | LOOKS,
        {"name": "夏", "prompt": "Give it a warm summer look"} | LOOKS,
    ]
    return definition(variants=variants, aim=AIM, **terms)


def create(photo, output, test=None, **terms):
    return create_ab_variants(photo, test or trial(), output, "scripted", at_once=1, **terms)


def counts(tmp_path, *rows, header="variant,impressions,conversions") -> str:
    path = tmp_path / f"counts-{len(list(tmp_path.iterdir()))}.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    return str(path)


def clear(tmp_path, size=20_000) -> str:
    return counts(tmp_path, ("원본", size, size // 8), ("<b>따뜻</b>", size, size // 6), ("夏", size, size // 8))


def run_published(monkeypatch, call):
    """What `call` gives as a deployment's run, and the Markdown it left in the UI."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "5f6a2f5e-0000-4000-8000-000000000000")
    monkeypatch.setattr("flows.dispatch.through_pool", lambda: False)
    result = call()
    pages = ArtifactFilter(type=ArtifactFilterType(any_=["markdown"]))
    with get_client(sync_client=True) as client:  # the server gives 200 of all artifacts at most: the newest are wanted
        found = client.read_artifacts(artifact_filter=pages, sort=ArtifactSort.CREATED_DESC)
    return result, [str(artifact.data) for artifact in found]


def test_every_variant_gets_its_picture_and_the_record_comes_last(photo, base):
    made = create(photo, base)
    assert made.ready
    assert [done.ending for done in made.variants] == [Ending.ACCEPTED, Ending.ACCEPTED]
    record = experiments.stand(base, "여름-poster").experiment
    assert record == made.experiment
    assert record.planned
    assert [picture.variant for picture in record.pictures] == ["원본", "<b>따뜻</b>", "夏"]
    for picture in record.pictures:
        shown = codec.decode(files.read(picture.image.uri), name=picture.image.uri)
        assert codec.pixel_sha256(shown) == picture.image.sha256
    assert record.pictures[0].image == record.source
    written = {entry.key: entry.changed for entry in listing.under(f"{base}/ab-tests/여름-poster")}
    assert written["test.json"] == max(written.values())


def test_made_again_it_is_looked_up_and_another_test_of_that_name_is_refused(photo, tmp_path, script):
    first = create(photo, str(tmp_path / "out"))
    plans = script(warm)
    again = create(photo, str(tmp_path / "out"))
    assert (again.ready, again.existed, again.experiment, plans) == (True, True, first.experiment, [])
    with pytest.raises(RequestError, match="with another definition"):
        create(photo, str(tmp_path / "out"), trial(hypothesis="other"))
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    with pytest.raises(RequestError, match="with another picture"):
        create(str(tmp_path / "red.png"), str(tmp_path / "out"))


def test_a_rejected_variant_leaves_no_test_and_the_finished_ones_are_kept_for_the_next_run(photo, tmp_path, script):
    out = str(tmp_path / "out")
    script(warm, *[unchanged] * 3)
    made = create(photo, out)
    assert not made.ready
    assert [done.ending for done in made.variants] == [Ending.ACCEPTED, Ending.REJECTED]
    assert "unchanged" in made.variants[1].reason
    assert "/review/" in made.variants[1].picture
    assert experiments.find(out, "여름-poster") is None
    mended = trial().model_dump(mode="json")
    mended["variants"][2]["prompt"] = "Make it warmer"
    plans = script(warm)
    again = create(photo, out, Definition.model_validate(mended))
    assert again.ready
    assert [done.reused for done in again.variants] == [True, False]
    assert len(plans) == 1


def test_what_an_engine_cannot_do_is_told_and_the_other_variants_go_on(photo, tmp_path, script):
    def fail(image):
        raise EngineError("out of order")

    script(fail, warm)
    made = create(photo, str(tmp_path / "out"))
    assert not made.ready
    assert [(done.ending, done.reason) for done in made.variants] == [
        (Ending.FAILED, "out of order"),
        (Ending.ACCEPTED, ""),
    ]


def test_what_is_wrong_with_all_variants_is_said_once_and_nothing_is_written(photo, tmp_path):
    with pytest.raises(UnknownEngine):
        create_ab_variants(photo, trial(), str(tmp_path / "out"), "nothing")
    with pytest.raises(ImageError):
        create(str(tmp_path / "nowhere.png"), str(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_two_that_make_the_same_test_at_once_get_the_same_record(photo, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: create(photo, str(tmp_path / "out")), range(2)))
    assert all(one.ready for one in made)
    assert made[0].experiment == made[1].experiment


def test_the_report_is_written_beside_the_test_as_page_chart_and_json(photo, base, tmp_path):
    create(photo, base)
    report = analyze_ab_test("여름-poster", clear(tmp_path), base)
    assert (report.analysis.finding, report.analysis.winner) == (Finding.WINNER, "<b>따뜻</b>")
    assert report.recommendation.action is Action.ROLL_OUT
    assert Report.model_validate_json(files.read(report.json_uri)) == report
    page = files.read(report.html).decode()
    assert "&lt;b&gt;따뜻&lt;/b&gt;" in page
    assert "<b>따뜻" not in page
    assert files.read(report.chart).startswith(b"\x89PNG")
    assert experiments.stand(base, "여름-poster").analyses == (report.json_uri,)


def test_counts_may_lie_in_a_bucket(photo, s3, tmp_path):
    create(photo, s3)
    uri = f"{s3}/counts.csv"
    files.write_once(uri, Path(clear(tmp_path)).read_bytes())
    assert analyze_ab_test("여름-poster", uri, s3).metrics == uri


def test_no_winner_yet_is_an_answer_and_looking_again_leaves_both_reports(photo, tmp_path):
    out = str(tmp_path / "out")
    create(photo, out)
    early = analyze_ab_test("여름-poster", clear(tmp_path, 300), out)
    assert (early.analysis.finding, early.recommendation.action) == (Finding.NO_WINNER_YET, Action.GO_ON)
    late = analyze_ab_test("여름-poster", clear(tmp_path), out)
    assert experiments.stand(out, "여름-poster").analyses == (early.json_uri, late.json_uri)


def test_an_uneven_split_blocks_the_verdict(photo, tmp_path):
    create(photo, str(tmp_path / "out"))
    table = counts(tmp_path, ("원본", 20_000, 2000), ("<b>따뜻</b>", 18_000, 4000), ("夏", 20_000, 2000))
    report = analyze_ab_test("여름-poster", table, str(tmp_path / "out"))
    assert (report.analysis.finding, report.recommendation.action) == (Finding.BLOCKED, Action.REPAIR)


def test_a_fixed_test_is_decided_once_whatever_is_counted_later(photo, tmp_path):
    out = str(tmp_path / "out")
    create(photo, out, trial(method="fixed"))
    early = analyze_ab_test("여름-poster", clear(tmp_path, 300), out).analysis
    assert (early.finding, early.decided) == (Finding.NO_WINNER_YET, None)
    even = counts(tmp_path, ("원본", 9000, 900), ("<b>따뜻</b>", 9000, 910), ("夏", 9000, 905))
    full = analyze_ab_test("여름-poster", even, out).analysis
    assert full.finding is Finding.NO_DIFFERENCE
    later = analyze_ab_test("여름-poster", clear(tmp_path), out).analysis
    assert (later.finding, later.winner, later.decided) == (Finding.NO_DIFFERENCE, None, full.decided)
    assert later.arms[1].successes > full.arms[1].successes
    assert later.decided
    assert later.decided < datetime.now(UTC)


def test_a_closed_test_and_one_that_was_never_made_are_not_analysed(photo, tmp_path):
    out = str(tmp_path / "out")
    create(photo, out)
    analyze_ab_test("여름-poster", clear(tmp_path), out)
    experiments.close(out, "여름-poster", "충분함")
    with pytest.raises(RequestError, match=r"was closed on .*충분함.*its last analysis is"):
        analyze_ab_test("여름-poster", clear(tmp_path), out)
    with pytest.raises(RequestError, match="there is no test 'nothing'"):
        analyze_ab_test("nothing", clear(tmp_path), out)
    with pytest.raises(RequestError, match="cannot be called"):
        analyze_ab_test("../여름-poster", clear(tmp_path), out)


def test_counts_that_cannot_be_of_the_test_leave_no_report(photo, tmp_path):
    out = str(tmp_path / "out")
    create(photo, out)
    for table in (counts(tmp_path, ("원본", 10, 11)), counts(tmp_path, ("원본", 10, 1)), counts(tmp_path)):
        with pytest.raises(RequestError, match=r"counts-\d\.csv"):
            analyze_ab_test("여름-poster", table, out)
    assert experiments.stand(out, "여름-poster").analyses == ()


def test_a_deployed_run_leaves_the_report_and_its_chart_in_the_ui(photo, tmp_path, monkeypatch):
    out = str(tmp_path / "out")
    _, texts = run_published(monkeypatch, lambda: create(photo, out))
    assert any("is ready" in text for text in texts)
    _, texts = run_published(monkeypatch, lambda: analyze_ab_test("여름-poster", clear(tmp_path), out))
    report = next(text for text in texts if "**roll out**" in text)
    assert "](data:image/jpeg;base64," in report
    assert "<b>" not in report


def test_parameters_as_the_ui_sends_them_are_enough(photo, tmp_path):
    fields = json.loads(trial().model_dump_json())
    assert create_ab_variants(photo, fields, str(tmp_path / "out"), "scripted").ready
