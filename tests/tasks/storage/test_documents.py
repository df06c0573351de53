from __future__ import annotations

import pytest

from tasks.domain.errors import RequestError
from tasks.storage.documents import MAX_BYTES, read_document


@pytest.fixture
def document(tmp_path):
    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def test_yaml_and_json_hold_the_same(document):
    expected = {"prompt": "'안녕' 을 '你好' 로", "steps": 30, "metadata": {"a": "b"}}
    yaml = document("a.yaml", "# 설명\nprompt: \"'안녕' 을 '你好' 로\"\nsteps: 30\nmetadata: {a: b}\n")
    json = document(
        "a.json",
        """\ufeff{"prompt": "'안녕' 을 '你好' 로", "steps": 30, "metadata": {"a": "b"}}""".encode(),
    )
    assert read_document(yaml) == read_document(json) == expected


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.yaml", "prompt: !!python/object/apply:os.system ['touch /tmp/owned']", "line 1 has the tag"),
        ("a.yaml", "prompt: !include /etc/passwd", "line 1 has the tag"),
        ("a.yaml", "a: &a [x]\nb: *a", "line 1 has an anchor or alias"),
        ("a.yaml", "a: &a [x,x]\nb: &b [*a,*a]", "anchor or alias"),
        ("a.yaml", "prompt: a\nprompt: b", "'prompt' is given a second time"),
        ("a.yaml", "prompt: a\n---\nprompt: b", "is not YAML"),
        ("a.yaml", "prompt: 'never closed", "is not YAML"),
        ("a.yaml", "when: 2026-13-45", "cannot be read"),
        ("a.yaml", "[" * 1000, "levels within each other"),
        ("a.yaml", "- a\n- b", "holds list, not fields"),
        ("a.yaml", "", "holds NoneType, not fields"),
        ("a.yaml", "prompt: \x07", "is not YAML"),
        ("a.yaml", "a: " + "x" * MAX_BYTES, f"the limit is {MAX_BYTES}"),
        ("a.yaml", "프롬프트: a".encode("utf-16"), "is not UTF-8"),
        ("a.json", "{'prompt': 'a'}", "cannot be read: Expecting property name"),
        ("a.json", '{"a": 1, "a": 2}', "given twice among a, a"),
        ("a.json", '{"a": NaN}', "NaN is not a number"),
        ("a.json", '{"a": ' + "9" * 5000 + "}", "cannot be read"),
        ("a.json", "[" * 60000, "levels within each other"),
        ("a.json", '"text"', "holds str, not fields"),
    ],
)
def test_what_is_not_plain_small_unambiguous_data_is_refused_naming_file_and_place(document, name, content, told):
    uri = document(name, content)
    with pytest.raises(RequestError) as refusal:
        read_document(uri)
    assert repr(uri) in str(refusal.value)
    assert told in str(refusal.value)
