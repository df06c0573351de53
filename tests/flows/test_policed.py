"""The content policy holds for every edit, whoever asks for it, and whatever was made before."""

from __future__ import annotations

import csv
import io
import json
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from flows.__main__ import main
from flows.batch import edit_batch
from flows.edit import edit_image
from flows.inbox import process_inbox
from tasks.domain.errors import PolicyError, PolicyFailed, PolicyRefused
from tasks.domain.inbox import Landing
from tasks.domain.models import CheckName, EditRequest, FailureClass
from tasks.domain.results import Outcome
from tasks.settings import settings
from tasks.storage import files, listing
from tests.doubles import warm

pytestmark = pytest.mark.usefixtures("prefect_server")

ROOT = Path(__file__).parents[2]
RULES = "deny:\n  - reason: nothing old\n    words: {en: [vintage], ko: [빈티지], zh: [复古]}\n"
VINTAGE, WARM = "Give it a warm vintage look", "Give it a warm look"


@pytest.fixture(autouse=True)
def plans(script):
    """The plans the scripted engine was given."""
    settings.cache_clear()
    yield script(*[warm] * 10)
    settings.cache_clear()


@pytest.fixture
def policy(tmp_path, monkeypatch):
    """Sets the policy: the words of a rules file, or the name of a class."""

    def put(words: str = RULES) -> None:
        file = tmp_path / "policy.yaml"
        file.write_text(words, encoding="utf-8")
        monkeypatch.setenv("EDIT_FLOWS_POLICY", str(file) if "\n" in words else words)

    return put


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()).resize((96, 96)).save(path)
    return path


def edit(photo: Path, prompt: str, **more):
    return edit_image(EditRequest(image=str(photo), prompt=prompt, **more), f"{photo.parent}/out", "scripted")


@pytest.mark.parametrize(
    "prompt", [VINTAGE, "따뜻한 빈티지 느낌으로 바꿔줘", "改成复古风格", "Give it a ｖｉｎｔａｇｅ look"]
)
def test_what_the_rules_deny_is_refused_with_the_reason_before_the_engine_is_asked(policy, photo, plans, prompt):
    policy()
    with pytest.raises(PolicyRefused, match=r"rules sha256:\w+\): nothing old"):
        edit(photo, prompt)
    assert plans == []
    assert not listing.look(f"{photo.parent}/out")


def test_what_they_allow_is_edited_and_the_verdict_says_which_policy_saw_it(policy, photo):
    policy()
    result = edit(photo, WARM)
    assert result.outcome is Outcome.ACCEPTED
    (seen,) = [check for check in result.attempts[-1].verdict.checks if check.name is CheckName.POLICY]
    assert seen.passed
    assert seen.detail.startswith("rules sha256:")


def test_what_was_made_before_is_not_given_out_under_a_policy_that_denies_it(policy, photo, plans):
    assert edit(photo, VINTAGE).outcome is Outcome.ACCEPTED
    policy()
    with pytest.raises(PolicyRefused):
        edit(photo, VINTAGE)
    assert len(plans) == 1


def test_a_picture_with_a_face_is_edited_with_consent_only(policy, tmp_path, plans):
    portrait = tmp_path / "portrait.png"
    Image.fromarray(data.astronaut()).save(portrait)
    policy("consent_for_faces: true\n")
    with pytest.raises(PolicyRefused, match="a face is seen"):
        edit(portrait, WARM)
    assert edit(portrait, WARM, metadata={"consent": "form 17"}).outcome is Outcome.ACCEPTED
    assert len(plans) == 1


def test_a_candidate_that_is_denied_goes_to_review_at_once_and_is_never_delivered(policy, photo, plans):
    policy("tests.tasks.policies.classifiers:Reds")
    result = edit(photo, WARM)
    assert result.outcome is Outcome.REJECTED
    assert result.attempts[-1].verdict.failures == (FailureClass.DENIED,)
    assert len(plans) == len(result.attempts) == 1
    assert "/review/" in result.output.uri
    assert not [path for path in (photo.parent / "out").glob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("deny: [\n", PolicyError),
        ("denied:\n  - x\n", PolicyError),
        ("no_such_package:Policy", PolicyError),
        ("tests.tasks.policies.classifiers:failing", PolicyFailed),
    ],
)
def test_a_policy_that_is_broken_or_fails_lets_nothing_through(policy, photo, plans, words, error):
    policy(words)
    with pytest.raises(error, match=r"not edited|nothing is edited"):
        edit(photo, WARM)
    assert plans == []


def test_the_command_line_ends_in_one_line_and_exit_code_one(policy, photo, capsys):
    policy()
    code = main(["edit", str(photo), VINTAGE, "--engine", "scripted", "--output", f"{photo.parent}/out"])
    assert code == 1
    (error,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert "nothing old ('vintage')" in error


def test_an_inbox_lists_it_as_refused(policy, photo, tmp_path):
    policy()
    drop = f"{tmp_path}/drop"
    files.write_once(f"{drop}/recipes/old.yaml", f"prompt: {VINTAGE}\nengine: scripted\n".encode())
    files.write_once(f"{drop}/inbox/old/photo.png", photo.read_bytes())
    (result,) = process_inbox(drop, settle=0)
    (handled,) = result.handled
    assert handled.outcome is Landing.REFUSED
    assert "nothing old" in handled.reason


def test_a_batch_lists_it_as_refused_and_does_the_others(policy, photo, tmp_path):
    policy()
    (tmp_path / "list.csv").write_text(f"image,prompt\n{photo},{VINTAGE}\n{photo},{WARM}\n", encoding="utf-8")
    result = edit_batch(str(tmp_path / "list.csv"), output=f"{tmp_path}/out", engine="scripted")
    assert (result.accepted, result.refused, result.failed) == (1, 1, 0)
    table = csv.DictReader(io.StringIO(files.read(result.table).decode("utf-8-sig")))
    assert [row["ending"] for row in sorted(table, key=lambda row: int(row["number"]))] == ["refused", "accepted"]


def test_the_classifier_of_the_readme_can_be_plugged_in(policy, photo, plans, tmp_path, monkeypatch):
    section = (ROOT / "deployments/README.md").read_text(encoding="utf-8").split("## Content policy\n")[1]
    code = section.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 22
    scores = iter([0.1, 0.87])

    class Scoring(BaseHTTPRequestHandler):
        def do_POST(self):
            picture = Image.open(io.BytesIO(self.rfile.read(int(self.headers["Content-Length"]))))
            assert picture.size == (96, 96)
            body = json.dumps({"score": next(scores)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Scoring) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "house_policy.py").write_text(textwrap.dedent(code).replace("http://127.0.0.1:8700", address))
        monkeypatch.syspath_prepend(str(tmp_path))
        policy("house_policy:Classifier")
        assert edit(photo, WARM).outcome is Outcome.ACCEPTED
        denied = edit(photo, "Give it a warm and sunny look")
        server.shutdown()
    assert denied.outcome is Outcome.REJECTED
    assert denied.attempts[-1].verdict.checks[-1].detail == "house classifier 1: it looks unsafe (0.87)"
    assert len(plans) == 2
