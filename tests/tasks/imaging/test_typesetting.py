from __future__ import annotations

import numpy as np
import pytest

from tasks.domain.models import Box
from tasks.imaging.lettering import LineStyle, ink_extent
from tasks.imaging.typesetting import Alignment, Room, alignment_of, broken, free_room, typeset
from tests.drawing import face_named

STYLE = LineStyle(face_named("NotoSansCJK-Bold"), 40.0)
ROOM = Room(20, 20, 620, 400)
PLAIN = np.full((420, 640, 3), 40, np.float32)


@pytest.mark.parametrize(
    ("line", "others", "alignment"),
    [
        (Box(60, 100, 300, 140), [Box(60, 40, 500, 80), Box(60, 160, 200, 200)], Alignment.LEFT),
        (Box(200, 100, 440, 140), [Box(120, 40, 520, 80)], Alignment.CENTRE),
        (Box(340, 100, 580, 140), [Box(100, 40, 580, 80), Box(400, 160, 580, 200)], Alignment.RIGHT),
        (Box(200, 100, 440, 140), [], Alignment.CENTRE),
        (Box(40, 100, 280, 140), [], Alignment.LEFT),
        (Box(370, 100, 610, 140), [], Alignment.RIGHT),
    ],
)
def test_alignment_is_that_of_the_neighbours_else_of_the_room(line, others, alignment):
    assert alignment_of(line, others, ROOM, 640) is alignment


def test_room_ends_at_other_lines_at_the_banner_and_at_the_allowed_region():
    line = Box(200, 180, 400, 220)
    assert free_room(PLAIN, line, [Box(450, 180, 600, 220)], None).right < 450
    banner = PLAIN.copy()
    banner[150:250, 150:450] = 200
    assert 150 <= free_room(banner, line, [], None).left < free_room(banner, line, [], None).right <= 451
    allowed = np.zeros((420, 640), bool)
    allowed[170:230, 180:420] = True
    room = free_room(PLAIN, line, [], allowed)
    assert (room.left, room.top, room.right, room.bottom) == (180, 170, 420, 230)


@pytest.mark.parametrize("align", list(Alignment))
@pytest.mark.parametrize(
    "text", ["Gift", "Everything must go by the end of Friday", "모든 상품 오늘까지만 특별 할인합니다"]
)
def test_lines_stay_inside_their_room_and_never_grow(text, align):
    settings = typeset(text, STYLE, Box(240, 180, 400, 220), 215, ROOM, align)
    assert "".join(setting.text for setting in settings).replace(" ", "") == text.replace(" ", "")
    for setting in settings:
        left, _, right, _ = ink_extent(setting.style, setting.text)
        assert ROOM.left - 1 <= setting.x + left
        assert setting.x + right <= ROOM.right + 1
        assert setting.style.size <= STYLE.size


def test_a_text_that_fits_keeps_size_and_baseline():
    (setting,) = typeset("Gift", STYLE, Box(240, 180, 400, 220), 215, ROOM, Alignment.LEFT)
    assert (setting.style.size, setting.baseline) == (40.0, 215)
    assert setting.x + ink_extent(STYLE, "Gift").left == pytest.approx(240)


@pytest.mark.parametrize(
    ("text", "count", "lines"),
    [
        ("one two three four", 2, ["one two", "three four"]),
        ("欢迎光临本店", 2, ["欢迎光", "临本店"]),
        ("Hello", 3, ["Hello"]),
        ("오늘만 무료", 2, ["오늘만", "무료"]),
    ],
)
def test_texts_break_at_spaces_or_between_hanzi(text, count, lines):
    assert broken(text, count) == lines
