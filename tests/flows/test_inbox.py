from __future__ import annotations

import json
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from skimage import data

from flows.inbox import process_inbox, process_object
from tasks.domain.errors import EngineError, RequestError, SettingsError
from tasks.domain.inbox import Handled, InboxResult, Landing
from tasks.domain.models import Classification, EditRequest, EditType, EngineIdentity, ImageRef, OutputFormat
from tasks.domain.results import EditResult, Outcome
from tasks.engines import registry
from tasks.engines.registry import get_engine
from tasks.imaging import codec
from tasks.inboxes import inboxes
from tasks.storage import files, listing
from tests.doubles import ScriptedEngine, unchanged, warm

pytestmark = pytest.mark.usefixtures("prefect_server")

RECIPE = "prompt: Give it a warm vintage look\nedit_type: semantic\nengine: scripted\n"


@pytest.fixture(autouse=True)
def scripted(monkeypatch):
    """Registers the scripted engine, warm for every picture; call it with other steps. Gives the plans it was given."""
    monkeypatch.setitem(registry.ENGINES, "scripted", registry.Entry("tests.doubles:ScriptedEngine", "nothing"))
    monkeypatch.setattr(ScriptedEngine, "plans", [])
    monkeypatch.setattr(ScriptedEngine, "script", [warm] * 50)
    monkeypatch.setenv("EDIT_FLOWS_TYPESET_FALLBACK", "false")

    def script(*steps):
        monkeypatch.setattr(ScriptedEngine, "script", list(steps))
        return ScriptedEngine.plans

    return script


class Edits:
    """Stands at the seam to the edits: reads the picture as they do, refuses what they refuse, and writes nothing."""

    def __init__(self) -> None:
        self.requests: list[EditRequest] = []
        self.keys: list[str] = []
        self.faults: list[Exception | None] = []

    def __call__(
        self, request: EditRequest, output: str | None = None, engine: str | None = None, *, key: str | None = None
    ) -> EditResult:
        get_engine(engine or "scripted")
        codec.decode(files.read(request.image), name=request.image)
        self.requests.append(request)
        self.keys.append(key or "")
        if fault := self.faults.pop(0) if self.faults else None:
            raise fault
        return RESULT.model_copy(update={"request": request, "metadata_uri": f"{output}/{len(self.requests)}.json"})


REF = ImageRef(uri="x", sha256="0", file_sha256="0", width=1, height=1)
RESULT = EditResult(
    identity="0",
    outcome=Outcome.ACCEPTED,
    request=EditRequest(image="x", prompt="x"),
    original=REF,
    output=REF,
    sheet_uri="",
    metadata_uri="",
    classification=Classification(edit_type=EditType.SEMANTIC, confidence=1, reason=""),
    engine=EngineIdentity(name="scripted", model="none", revision="1"),
    attempts=(),
    started=datetime.now(UTC),
    finished=datetime.now(UTC),
    software={},
)


@pytest.fixture
def edits(monkeypatch) -> Edits:
    """Edits without their cost, where it makes no difference what is edited how."""
    stand_in = Edits()
    monkeypatch.setattr("flows.inbox.dispatch_edit", stand_in)
    return stand_in


@pytest.fixture(params=["local", "s3"])
def place(request, tmp_path) -> str:
    """A location with the recipe vintage: a local folder and a prefix in a bucket in turn."""
    base = str(tmp_path / "drop") if request.param == "local" else request.getfixturevalue("s3")
    (tmp_path / "drop/inbox").mkdir(parents=True)
    files.write_once(f"{base}/recipes/vintage.yaml", RECIPE.encode())
    return base


@pytest.fixture
def folder(tmp_path) -> str:
    """A local location with the recipe vintage, where it makes no difference where things lie."""
    (tmp_path / "drop/inbox").mkdir(parents=True)
    files.write_once(f"{tmp_path}/drop/recipes/vintage.yaml", RECIPE.encode())
    return f"{tmp_path}/drop"


@pytest.fixture
def serve(monkeypatch):
    """Serves a location, as EDIT_FLOWS_INBOX would."""

    def put(*locations):
        monkeypatch.setenv("EDIT_FLOWS_INBOX", ",".join(locations))
        inboxes.cache_clear()

    yield put
    inboxes.cache_clear()


def png(shade: float = 1.0) -> bytes:
    from tasks.imaging import codec

    picture = Image.fromarray(data.astronaut()).resize((96, 96)).point(lambda value: int(value * shade))
    return codec.encode(picture, OutputFormat.PNG)


def put(place: str, key: str, content: bytes) -> str:
    """Write an object, over what is there."""
    uri = f"{place}/{key}"
    files.delete(uri)
    files.write_once(uri, content)
    return uri


def poll(place: str, **more: Any) -> InboxResult:
    results: Any = process_inbox(place, **({"settle": 0} | more))
    return InboxResult.model_validate(results[0])


def only(result: InboxResult) -> Handled:
    (piece,) = result.handled
    return piece


def refusals(place: str) -> list[Handled]:
    return [Handled.model_validate_json(files.read(e.uri)) for e in listing.under(f"{place}/outputs/refused")]


def test_a_picture_is_edited_by_the_recipe_of_its_folder_once_and_its_source_is_untouched(place):
    uri = put(place, "inbox/vintage/사진 1.png", png())
    first = only(poll(place))
    assert first.outcome is Landing.ACCEPTED
    result = EditResult.model_validate_json(files.read(first.result))
    assert result.output.uri.startswith(f"{place}/outputs/vintage/")
    assert result.request.metadata == {"recipe": "vintage"}
    assert files.read(uri) == png()
    again = poll(place)
    assert again.handled == ()
    assert again.done_before == 1
    assert len(ScriptedEngine.plans) == 1


@pytest.mark.usefixtures("edits")
def test_every_kind_of_name_is_edited_or_refused_by_its_literal_name(place):
    good = ["한글 이름.png", "照片.jpg", "50%2F50 #1+.png", "x" * 200 + ".png", "deep/er/a.png"]
    for number, name in enumerate(good):
        put(place, f"inbox/vintage/{name}", png(1 - number / 10))
    put(place, "inbox/vintage/new\nline.png", png())
    result = poll(place)
    assert result.counts == {Landing.ACCEPTED: len(good), Landing.REFUSED: 1}
    names = {piece.uri.removeprefix(f"{place}/inbox/vintage/") for piece in result.handled}
    assert names == {*good, "new\nline.png"}
    assert poll(place).handled == ()


def test_what_cannot_be_edited_is_recorded_beside_the_output_and_does_not_sink_the_rest(place, edits):
    put(place, "inbox/vintage/notes.txt", b"text")
    put(place, "inbox/vintage/empty.png", b"")
    put(place, "inbox/vintage/lies.png", b"not a picture")
    put(place, "inbox/vintage/cut.png", png()[:3000])
    put(place, "inbox/nobody/a.png", png())
    put(place, "inbox/lost.png", png())
    put(place, "inbox/vintage/good.png", png())
    put(place, "inbox/vintage/.hidden.png", png())
    result = poll(place)
    assert result.counts == {Landing.ACCEPTED: 1, Landing.REFUSED: 6}
    assert result.ignored == 1
    told = {record.uri.rpartition("/")[2]: record.reason for record in refusals(place)}
    assert "none of a picture" in told["notes.txt"]
    assert "empty" in told["empty.png"]
    assert "not a picture" in told["lies.png"]
    assert "truncated or damaged" in told["cut.png"]
    assert "there is no recipe 'nobody': write" in told["a.png"]
    assert "inbox/RECIPE/" in told["lost.png"]
    assert all("tried again when" in reason for reason in told.values())
    assert all(listing.look(record.uri) for record in refusals(place))
    again = poll(place)
    assert (again.handled, again.refused_before, again.done_before) == ((), 6, 1)
    assert len(edits.requests) == 1


@pytest.mark.usefixtures("edits")
def test_a_refused_picture_is_tried_again_once_its_recipe_is_mended_or_its_record_removed(folder):
    put(folder, "recipes/neu.yaml", b"prompt: a\nprompt: b\n")
    put(folder, "inbox/neu/a.png", png())
    assert only(poll(folder)).outcome is Landing.REFUSED
    assert poll(folder).refused_before == 1
    put(folder, "recipes/neu.json", json.dumps({"prompt": "warm vintage look", "engine": "scripted"}).encode())
    assert "more than once" in only(poll(folder)).reason
    assert len(refusals(folder)) == 1
    files.delete(f"{folder}/recipes/neu.yaml")
    assert only(poll(folder)).outcome is Landing.ACCEPTED
    assert refusals(folder) == []
    put(folder, "inbox/vintage/broken.png", b"no picture")
    assert only(poll(folder)).outcome is Landing.REFUSED
    for entry in list(listing.under(f"{folder}/outputs/refused")):
        files.delete(entry.uri)
    assert only(poll(folder)).outcome is Landing.REFUSED


@pytest.mark.usefixtures("edits")
@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("prompt: !!python/name:os.system ''", "has the tag"),
        ("promt: Make it snow", "promt: there is no such field"),
        ("prompt: Make it snow\nengine: midjourney", "midjourney"),
        ("prompt: Make it snow\noutput: ../../elsewhere", "output: '../../elsewhere'"),
        ("prompt: Make it snow\nsteps: many", "steps: Input should be a valid integer"),
    ],
)
def test_a_broken_recipe_is_told_with_file_and_remedy(folder, recipe, told):
    put(folder, "recipes/vintage.yaml", recipe.encode())
    put(folder, "inbox/vintage/a.png", png())
    piece = only(poll(folder))
    assert piece.outcome in {Landing.REFUSED, Landing.FAILED}
    assert told in piece.reason


def test_a_sidecar_changes_one_picture_and_one_that_comes_later_is_new_work(folder, edits):
    put(folder, "inbox/vintage/a.png", png())
    put(folder, "inbox/vintage/a.json", json.dumps({"steps": 7, "metadata": {"who": "나"}}).encode())
    put(folder, "inbox/vintage/b.png", png(0.8))
    by_name = {piece.uri[-5:]: piece for piece in poll(folder).handled}
    assert set(by_name) == {"a.png", "b.png"}
    changed, plain = sorted(edits.requests, key=lambda request: request.image)
    assert (changed.steps, plain.steps) == (7, None)
    assert changed.metadata == {"recipe": "vintage", "who": "나"}
    put(folder, "inbox/vintage/b.json", b'{"steps": 8}')
    later = only(poll(folder))
    assert later.outcome is Landing.ACCEPTED
    assert edits.requests[-1].steps == 8
    files.delete(f"{folder}/inbox/vintage/a.json")
    assert poll(folder).done_before == 2


def test_a_sidecar_is_found_in_the_other_spelling_of_korean_and_so_is_a_recipe(folder, edits):
    apart = unicodedata.normalize("NFD", "빈티지")
    put(folder, f"recipes/{apart}.yaml", RECIPE.encode())
    put(folder, f"inbox/빈티지/{unicodedata.normalize('NFD', '사진')}.png", png())
    put(folder, "inbox/빈티지/사진.json", b'{"steps": 9}')
    poll(folder)
    assert edits.requests[0].steps == 9


@pytest.mark.usefixtures("edits")
def test_a_broken_sidecar_refuses_its_picture_and_mending_or_removing_it_helps(folder):
    put(folder, "inbox/vintage/a.png", png())
    put(folder, "inbox/vintage/a.json", b'{"engine": "qwen"}')
    assert "a.json': engine: there is no such field" in only(poll(folder)).reason
    put(folder, "inbox/vintage/a.json", b'{"steps": ')
    assert "a.json' cannot be read" in only(poll(folder)).reason
    files.delete(f"{folder}/inbox/vintage/a.json")
    assert only(poll(folder)).outcome is Landing.ACCEPTED
    assert refusals(folder) == []


@pytest.mark.usefixtures("edits")
def test_a_sidecar_without_its_picture_waits(folder):
    put(folder, "inbox/vintage/a.json", b"{}")
    piece = only(poll(folder))
    assert piece.outcome is Landing.WAITING
    assert refusals(folder) == []


@pytest.mark.usefixtures("edits")
def test_a_young_object_waits_until_it_has_been_left_alone(place):
    put(place, "inbox/vintage/a.png", png())
    piece = only(poll(place, settle=600))
    assert piece.outcome is Landing.WAITING
    assert "younger than 600 s" in piece.reason
    assert only(poll(place)).outcome is Landing.ACCEPTED


def test_another_content_under_the_same_name_is_new_work_and_so_is_another_name(place, edits):
    put(place, "inbox/vintage/a.png", png())
    poll(place)
    put(place, "inbox/vintage/a.png", png(0.7))
    assert only(poll(place)).outcome is Landing.ACCEPTED
    files.delete(f"{place}/inbox/vintage/a.png")
    put(place, "inbox/vintage/renamed.png", png(0.7))
    assert only(poll(place)).outcome is Landing.ACCEPTED
    assert len(edits.requests) == 3


def written_meanwhile(monkeypatch, change):
    """Makes something happen between listing and reading, as another process would."""
    from flows import inbox

    survey = inbox.survey  # type: ignore[attr-defined]

    def slow(*arguments):
        seen = survey(*arguments)
        change()
        return seen

    monkeypatch.setattr(inbox, "survey", slow)


@pytest.mark.usefixtures("edits")
def test_what_is_removed_before_it_is_read_is_gone_and_nothing_is_kept_of_it(place, monkeypatch):
    uri = put(place, "inbox/vintage/a.png", png())
    written_meanwhile(monkeypatch, lambda: files.delete(uri))
    assert only(poll(place)).outcome is Landing.GONE
    assert list(listing.under(f"{place}/outputs")) == []


@pytest.mark.usefixtures("edits")
def test_what_grows_while_it_is_looked_at_waits_and_is_edited_when_it_is_whole(folder, monkeypatch):
    path = Path(put(folder, "inbox/vintage/a.png", png()[:2000]))
    with monkeypatch.context() as patch:
        written_meanwhile(patch, lambda: path.write_bytes(png()[:4000]))
        assert only(poll(folder)).outcome is Landing.WAITING
    path.write_bytes(png())
    assert only(poll(folder)).outcome is Landing.ACCEPTED


def test_an_edit_that_does_not_pass_is_in_review_and_not_done_again(folder, scripted):
    scripted(*[unchanged] * 3)
    put(folder, "inbox/vintage/a.png", png())
    piece = only(poll(folder))
    assert piece.outcome is Landing.REJECTED
    assert "/outputs/vintage/review/" in piece.result
    assert poll(folder).done_before == 1


def test_a_picture_the_engine_fails_on_three_times_is_refused_and_comes_after_the_others(folder, edits):
    broken = EngineError("out of order")
    edits.faults = [broken, None, broken, broken]
    put(folder, "inbox/vintage/a.png", png())
    assert only(poll(folder)).outcome is Landing.FAILED
    put(folder, "inbox/vintage/b.png", png(0.8))
    assert [piece.outcome for piece in poll(folder, at_once=1).handled] == [Landing.ACCEPTED, Landing.FAILED]
    piece = only(poll(folder))
    assert piece.outcome is Landing.REFUSED
    assert "failed 3 times, last: EngineError: out of order" in piece.reason
    assert poll(folder).refused_before == 1
    assert len(edits.requests) == 4
    for entry in list(listing.under(f"{folder}/outputs/refused")):
        files.delete(entry.uri)
    assert only(poll(folder)).outcome is Landing.ACCEPTED
    assert list(listing.under(f"{folder}/outputs/.inbox/failed")) == []
    of_a = [key for key in edits.keys if "a.png@" in key]
    assert len(set(of_a)) == len(of_a) == 4


@pytest.mark.usefixtures("edits")
def test_work_within_a_poll_is_bounded_and_the_next_goes_on(folder):
    for number in range(3):
        put(folder, f"inbox/vintage/{number}.png", png(1 - number / 10))
        time.sleep(0.02)
    first = poll(folder, limit=2)
    assert (len(first.handled), first.left) == (2, 1)
    assert first.handled[0].uri.endswith("0.png")
    second = poll(folder, limit=2)
    assert (len(second.handled), second.left, second.done_before) == (1, 0, 2)


def test_a_poller_that_died_between_edit_and_ledger_repeats_no_edit(place):
    put(place, "inbox/vintage/a.png", png())
    poll(place)
    for entry in list(listing.under(f"{place}/outputs/.inbox")):
        files.delete(entry.uri)
    assert only(poll(place)).outcome is Landing.ACCEPTED
    assert len(ScriptedEngine.plans) == 1


def test_two_pollers_at_once_leave_one_result_and_one_record(place):
    put(place, "inbox/vintage/a.png", png())
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: poll(place), range(2)))
    assert all(piece.outcome is Landing.ACCEPTED for result in results for piece in result.handled)
    written = sorted(entry.key for entry in listing.under(f"{place}/outputs"))
    assert len([key for key in written if key.startswith(".inbox/done/")]) == 1
    assert len([key for key in written if key.startswith("vintage/")]) == 3


@pytest.mark.parametrize("output", ["inbox/out", "inbox", "."])
def test_an_output_that_would_trigger_again_is_refused_before_anything_is_read(folder, output, edits):
    put(folder, "inbox/vintage/a.png", png())
    with pytest.raises(RequestError, match="taken for new work"):
        poll(folder, output=f"{folder}/{output}")
    assert edits.requests == []


def test_a_location_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(RequestError, match="there is no folder"):
        poll(str(tmp_path / "nowhere"))


@pytest.mark.usefixtures("edits")
def test_without_a_location_every_inbox_that_is_served_is_polled(folder, serve, tmp_path):
    serve()
    with pytest.raises(SettingsError, match="EDIT_FLOWS_INBOX is empty"):
        process_inbox()
    (tmp_path / "other/inbox").mkdir(parents=True)
    put(folder, "inbox/vintage/a.png", png())
    serve(folder, str(tmp_path / "other"))
    assert [result.counts for result in process_inbox(settle=0)] == [{Landing.ACCEPTED: 1}, {}]


@pytest.mark.usefixtures("edits")
def test_one_object_goes_the_same_way_and_a_second_event_for_it_does_nothing(place, serve):
    serve(place)
    uri = put(place, "inbox/vintage/사진 1.png", png())
    put(place, "inbox/vintage/사진 12.png", png(0.8))
    assert only(process_object(uri, settle=0)).outcome is Landing.ACCEPTED
    again = process_object(uri, settle=0)
    assert (again.handled, again.done_before) == ((), 1)
    assert poll(place).counts == {Landing.ACCEPTED: 1}


def test_an_event_that_comes_too_late_or_for_a_sidecar_does_what_lies_there_asks_for(place, serve, edits):
    serve(place)
    uri = put(place, "inbox/vintage/a.png", png())
    sidecar = put(place, "inbox/vintage/a.json", b'{"steps": 7}')
    assert only(process_object(sidecar, settle=0)).uri == uri
    assert process_object(uri, settle=0).done_before == 1
    files.delete(sidecar)
    files.delete(uri)
    assert process_object(uri, settle=0).handled == ()
    assert len(edits.requests) == 1


@pytest.mark.usefixtures("edits")
def test_a_young_object_is_waited_for(folder, serve):
    serve(folder)
    uri = put(folder, "inbox/vintage/a.png", png())
    assert only(process_object(uri, settle=0.5)).outcome is Landing.ACCEPTED


@pytest.mark.parametrize("key", ["outputs/vintage/a.png", "recipes/a.png", "inboxes/v/a.png", "../inbox/v/a.png"])
def test_an_object_of_no_inbox_that_is_served_is_not_even_looked_at(folder, serve, key):
    serve(folder)
    with pytest.raises(RequestError, match="lies in none of the inboxes"):
        process_object(f"{folder}/{key}", settle=0)
