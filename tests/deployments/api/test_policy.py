"""The content policy over HTTP: a refused request is a problem, in the shape of each route."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.deployments.api.running import Api, running
from tests.deployments.api.test_oneshot import edit

RULES = "deny:\n  - reason: nothing old\n    words: {en: [vintage], ko: [빈티지], zh: [复古]}\n"


@pytest.fixture(scope="module")
def policed(prefect_server, obedient, tmp_path_factory) -> Iterator[Api]:
    """An API with a policy."""
    folder = tmp_path_factory.mktemp("policed")
    (folder / "policy.yaml").write_text(RULES, encoding="utf-8")
    with running(folder, obedient.url, {"EDIT_FLOWS_POLICY": str(folder / "policy.yaml")}) as up:
        yield up


@pytest.mark.parametrize("prompt", ["A vintage look", "빈티지 느낌으로", "改成复古风格"])
def test_what_is_denied_is_refused_with_the_reason(policed, photo, prompt) -> None:
    answer = edit(policed, photo, prompt)

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "policy_refused"
    assert "nothing old" in answer.json()["detail"]


def test_openais_client_learns_it_as_openai_words_it(policed, photo) -> None:
    with pytest.raises(openai.PermissionDeniedError, match="nothing old") as refused:
        policed.openai().images.edit(image=("photo.png", photo), prompt="A vintage look", model="any")

    assert refused.value.code == "policy_refused"


def test_what_is_allowed_is_edited(policed, photo) -> None:
    assert edit(policed, photo).status_code == 200
