import pytest

from tasks.imaging.preview import data_uri
from tasks.statistics.course import draw
from tests.health import HOUR, MIDNIGHT, every_ten_seconds, health


@pytest.mark.parametrize(("gpus", "height"), [(0, 260), (2, 470)])
def test_the_course_of_machines_with_names_of_any_script_is_drawn_small(gpus, height):
    hosts = ("render-1", "렌더-2", "渲染-3", "😀")
    samples = [one for host in hosts for one in every_ten_seconds(MIDNIGHT - HOUR, MIDNIGHT, host, gpus)]
    picture = draw(health(*samples))
    assert picture.size == (1000, height)
    assert len(data_uri(picture)) < 150_000


def test_a_window_without_a_machine_is_drawn_empty():
    assert draw(health()).size == (1000, 260)
