from __future__ import annotations

from pathlib import Path

import pytest

from tasks.imaging.typeface import BUNDLED, covers, faces_for, installed, same_height, sized, stand_in
from tests.drawing import face_named


@pytest.mark.parametrize("text", ["Fresh Coffee 100%", "따뜻한 커피 뷁", "限时抢购龍", "Café Ñandú", "₩9,900 ￥99"])
def test_bundled_faces_alone_draw_the_three_languages(text):
    assert any(covers(face, text) for face in BUNDLED)


def test_faces_that_lack_a_character_are_left_out():
    assert all("CJK" in face.name or "Nanum" in face.name for face in faces_for("안녕") if face in BUNDLED)
    assert not covers(face_named("DejaVuSans"), "안녕")


@pytest.mark.parametrize(
    ("name", "text", "other"),
    [
        ("LiberationSerif-Bold", "환영", "NotoSerifCJK-Bold"),
        ("DejaVuSans", "欢迎", "NotoSansCJK-Regular"),
        ("NanumSquareRoundB", "환영", "NanumSquareRoundB"),
        ("LiberationSans-Bold", "Hello", "LiberationSans-Bold"),
    ],
)
def test_the_stand_in_is_the_face_most_like_it(name, text, other):
    face = stand_in(face_named(name), text)
    assert face is not None
    assert face.name == other


def test_without_any_face_for_a_text_there_is_no_stand_in():
    assert stand_in(BUNDLED[0], "𓀀") is None


def test_equally_tall_capitals_are_equally_large():
    serif, sans = face_named("LiberationSerif-Bold"), face_named("NotoSansCJK-Bold")
    size = same_height(serif, 100, sans)
    heights = [-sized(face, s).getbbox("H", anchor="ls")[1] for face, s in ((serif, 100), (sans, size))]
    assert heights[0] == pytest.approx(heights[1], abs=1.5)


def test_fonts_come_with_their_licences():
    folder = Path(BUNDLED[0].path).parent
    families = {"DejaVu": "dejavu", "Liberation": "liberation", "Nanum": "nanum", "Noto": "noto"}
    for family, licence in families.items():
        assert list(folder.glob(f"{family}*"))
        assert list(folder.glob(f"LICENSE-{licence}*"))


def test_installed_faces_are_optional_and_never_the_bundled_ones_again():
    assert not {face.name for face in installed()} & {face.name for face in BUNDLED}
