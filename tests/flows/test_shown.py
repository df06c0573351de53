"""What a deployment's run leaves in the Prefect UI: pages with pictures in them, figures for programs, a gauge."""

from __future__ import annotations

import io
import json
import re
from base64 import b64decode

import pytest
from PIL import Image
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from skimage import data

from flows.batch import edit_batch
from flows.chain import edit_chain
from flows.content import create_content
from flows.edit import edit_image
from tasks.domain.models import EditRequest
from tasks.publish import KIND
from tasks.settings import settings
from tests.doubles import unchanged

pytestmark = pytest.mark.usefixtures("prefect_server", "script", "deployed")

HOSTILE = "Give it a warm look [x](javascript:alert(1)) <img src=x> | a |"
PICTURE = re.compile(r"\]\(data:image/jpeg;base64,([^)]+)\)")


@pytest.fixture
def deployed(monkeypatch):
    """Runs are those of a deployment, and edits are made in their own process."""
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "5f6a2f5e-0000-4000-8000-000000000000")
    monkeypatch.setenv("EDIT_FLOWS_DISPATCH", "inline")
    monkeypatch.setenv("EDIT_FLOWS_API_URL", "https://edits.example.com/")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def photo(tmp_path) -> str:
    path = tmp_path / "사진.png"
    Image.fromarray(data.astronaut()).resize((160, 160)).save(path)
    return str(path)


def edit(photo, output, prompt="Give it a warm look"):
    request = EditRequest(image=photo, prompt=prompt, edit_type="semantic")
    return edit_image(request, output, "scripted", return_state=True)


def shown(state):
    """The artifacts of a run by key, or type where they have none; never two of one."""
    with get_client(sync_client=True) as client:
        run = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
        found = client.read_artifacts(flow_run_filter=run)
    by = {one.key or one.type: one for one in found}
    assert len(by) == len(found)
    return by


def pictures(text):
    """The pictures in a page or on a card, decoded."""
    return [Image.open(io.BytesIO(b64decode(found))).convert("RGB") for found in PICTURE.findall(str(text))]


def test_an_edit_shows_its_sheet_wherever_that_lies_and_links_to_the_api(photo, base):
    state = edit(photo, base)
    page = shown(state)["edit"]
    (large,), (small,) = pictures(page.data), pictures(page.description)
    assert max(large.size) > max(small.size) == 320
    assert page.data.startswith("## accepted: semantic edit\n")
    home = f"https://edits.example.com/edits/{state.state_details.flow_run_id}"
    assert f"[picture]({home}/image) · [metadata]({home}/metadata) · [before and after]({home}/sheet)" in page.data


def test_programs_are_told_how_it_went(photo, tmp_path, script):
    script(unchanged, unchanged, unchanged)
    state = edit(photo, str(tmp_path / "out"))
    result = state.result()
    told = json.loads(shown(state)[KIND].data)
    assert told.pop("seconds") > 0
    assert told == {
        "metadata_uri": result.metadata_uri,
        "outcome": "rejected",
        "edit_type": "semantic",
        "failures": ["unchanged"],
        "attempts": 3,
        "engine_seconds": pytest.approx(sum(one.candidate.engine_seconds for one in result.attempts), abs=0.001),
        "reused": False,
        "kept_from": "",
    }


def test_one_gauge_moves_through_all_attempts_and_ends_full(photo, tmp_path, script, monkeypatch):
    script(unchanged, unchanged, unchanged)
    moves = []
    monkeypatch.setattr("tasks.gauge.OFTEN", -1.0)
    update = SyncPrefectClient.update_artifact

    def noted(client, artifact_id, artifact):
        moves.append((artifact_id, artifact.data, artifact.description))
        return update(client, artifact_id, artifact)

    monkeypatch.setattr(SyncPrefectClient, "update_artifact", noted)
    edit(photo, str(tmp_path / "out"))
    assert len({artifact for artifact, _, _ in moves}) == 1
    told = [(percent, note) for _, percent, note in moves]
    once = [
        [(0, f"attempt {n}: scripted"), (0, f"attempt {n}: step 0 of 1"), (95, f"attempt {n}: step 1 of 1")]
        for n in (1, 2, 3)
    ]
    assert told == [*once[0], *once[1], *once[2], (100, "rejected")]


def test_work_done_before_is_shown_like_new_work(photo, tmp_path):
    edit(photo, str(tmp_path / "out"))
    again = shown(edit(photo, str(tmp_path / "out")))
    assert json.loads(again[KIND].data)["reused"] is True
    assert pictures(again["edit"].data)
    assert again["progress"].data == 100


def test_a_sheet_that_is_gone_does_not_undo_the_edit(photo, tmp_path):
    first = edit(photo, str(tmp_path / "out")).result()
    (tmp_path / "out" / first.sheet_uri.rpartition("/")[2]).unlink()
    page = shown(edit(photo, str(tmp_path / "out")))["edit"]
    assert page.data.startswith("## accepted")
    assert not pictures(page.data) + pictures(page.description)


def test_nothing_begins_in_the_words_of_a_request(photo, tmp_path):
    page = shown(edit(photo, str(tmp_path / "out"), HOSTILE))["edit"]
    assert "javascript" in page.data
    for text in (page.data, page.description):
        assert "](javascript" not in text
        assert "<img" not in text


def test_a_failed_row_has_the_number_that_stands_on_the_picture(photo, tmp_path, script):
    script(unchanged, unchanged, unchanged)
    state = edit(photo, str(tmp_path / "out"))
    made = state.result().attempts[-1]
    rows = [line for line in shown(state)["edit"].data.splitlines() if line.startswith("| **1** | changed | **no: ")]
    assert len(rows) == 1
    assert [check.name for check in made.verdict.failed.values()] == ["changed"]


def test_a_batch_shows_bars_a_table_and_its_contact_sheet(photo, tmp_path):
    list_ = tmp_path / "list.csv"
    list_.write_text(f"image,prompt\n{photo},Give it a warm look\n{tmp_path}/|없음|.png,Give it a warm look\n")
    page = shown(edit_batch(str(list_), output=str(tmp_path / "out"), engine="scripted", return_state=True))["batch"]
    chart, sheet = pictures(page.data)
    assert chart.size == (1200, 120)
    assert sheet.width == 1200
    assert page.description.endswith("list.csv")
    table = page.data.partition("| ended |")[2].splitlines()[2:]
    assert [line.split(" | ")[2] for line in table] == ["**refused**", "accepted"]


def test_a_chain_shows_every_intermediate(photo, tmp_path):
    step = {"prompt": "Give it a warm look", "type": "semantic"}
    state = edit_chain(photo, [step], str(tmp_path / "out"), "scripted", return_state=True)
    page = shown(state)["chain"]
    assert pictures(page.data)[0].width == 1200
    assert "| 1 | Give it a warm look | accepted | " in page.data


def test_a_campaign_shows_all_its_sizes(photo, tmp_path):
    (tmp_path / "brand.yaml").write_text('name: 달빛 *시장*\ncolours: ["#1e1842"]\n')
    state = create_content(
        photo, str(tmp_path / "brand.yaml"), ("blog_thumbnail",), output=str(tmp_path / "out"), return_state=True
    )
    page = shown(state)["campaign"]
    assert pictures(page.data)
    assert "달빛 &#42;시장&#42;" in page.data
    assert ", 600 x 400 | " in page.data
