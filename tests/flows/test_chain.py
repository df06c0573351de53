from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from flows.chain import edit_chain
from flows.chaining import read_steps
from tasks.domain.chain import ChainResult, Step
from tasks.domain.ending import Ending
from tasks.domain.errors import ImageError, RequestError
from tasks.domain.models import Box, EditType
from tasks.engines.text_reader import read_text
from tasks.imaging import codec
from tasks.storage import files
from tests.doubles import unchanged, warm

pytestmark = pytest.mark.usefixtures("prefect_server", "script")

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "사진.png"
    Image.fromarray(data.astronaut()).resize((160, 160)).save(path)
    return str(path)


def pixels(uri):
    return np.asarray(codec.decode(files.read(uri), name=uri).convert("RGB"))


def cool(image):
    red, green, blue = image.convert("RGB").split()
    return Image.merge("RGB", (red.point(lambda v: int(v * 0.7)), green, blue.point(lambda v: min(255, int(v * 1.2)))))


def boxed(colour, box):
    """An engine's step that fills a box and leaves the rest as it is, but for noise a model would make."""

    def fill(image):
        drifted = np.asarray(image.convert("RGB")).astype(int)
        drifted = (drifted + np.random.default_rng(3).integers(-2, 3, drifted.shape)).clip(0, 255).astype(np.uint8)
        picture = Image.fromarray(drifted)
        picture.paste(colour, box)
        return picture

    return fill


LOOKS = (Step(prompt="Give it a warm vintage look"), Step(prompt="Give it a cool look", description="차갑게"))


def test_each_step_works_on_what_the_one_before_gave_and_the_history_tells_all(photo, tmp_path, script):
    script(warm, cool)
    result = edit_chain(photo, LOOKS, str(tmp_path / "out"), "scripted")
    assert result.completed
    assert [step.ending for step in result.steps] == [Ending.ACCEPTED] * 2
    first, second = (step.output for step in result.steps)
    assert first
    assert second
    assert second == result.output
    assert (pixels(second.uri) == np.asarray(cool(Image.fromarray(pixels(first.uri))))).all()
    assert ChainResult.model_validate_json(files.read(result.history_uri)) == result
    assert result.untouched is None
    assert Path(first.uri).name.startswith("사진-")
    assert Path(second.uri).name.count("-") == 2


def test_the_step_that_fails_ends_the_chain_and_what_was_finished_is_kept(photo, tmp_path, script):
    script(warm, unchanged, unchanged, unchanged)
    result = edit_chain(photo, (*LOOKS, Step(prompt="Make it vintage")), str(tmp_path / "out"), "scripted")
    assert (result.completed, result.stopped_at, len(result.steps)) == (False, 2, 2)
    assert result.steps[1].reason == "unchanged"
    assert result.output == result.steps[0].output
    assert files.exists(result.strip_uri)


def test_run_again_with_the_failed_step_mended_it_goes_on_from_there(photo, tmp_path, script):
    script(warm, unchanged, unchanged, unchanged)
    edit_chain(photo, LOOKS, str(tmp_path / "out"), "scripted")
    plans = script(cool)
    mended = (LOOKS[0], Step(prompt="Make the whole picture look cooler"))
    result = edit_chain(photo, mended, str(tmp_path / "out"), "scripted")
    assert result.completed
    assert [step.reused for step in result.steps] == [True, False]
    assert len(plans) == 1


def test_a_step_that_cannot_be_carried_out_says_so_with_its_number(photo, tmp_path):
    steps = (Step(prompt="Give it a warm look"), Step(prompt="Change the text '없는 글' to '있는 글'"))
    result = edit_chain(photo, steps, str(tmp_path / "out"), "classical")
    assert result.stopped_at == 2
    assert result.steps[1].ending is Ending.FAILED
    assert "없는 글" in result.steps[1].reason


def test_after_local_steps_every_pixel_no_step_was_given_is_the_originals(photo, tmp_path, script):
    boxes = [Box(10, 10, 60, 50), Box(90, 20, 150, 70), Box(20, 100, 70, 150)]
    script(*(boxed(colour, box) for colour, box in zip(("red", "blue", "yellow"), boxes, strict=True)))
    steps = tuple(
        Step(prompt=f"Make it {colour}", type=EditType.APPEARANCE, region=box)
        for colour, box in zip(("red", "blue", "yellow"), boxes, strict=True)
    )
    result = edit_chain(photo, steps, str(tmp_path / "out"), "scripted")
    assert result.completed, result.steps
    assert result.output
    outside = np.ones((160, 160), bool)
    for box in boxes:
        outside[box.top : box.bottom, box.left : box.right] = False
    assert (pixels(result.output.uri)[outside] == pixels(photo)[outside]).all()
    assert result.untouched
    assert result.untouched >= outside.mean() - 0.02


@pytest.mark.parametrize("region", [(0, 0, 161, 10), (-1, 0, 10, 10), (50, 50, 50, 60), (60, 10, 20, 30)])
def test_a_region_that_is_not_in_the_picture_is_refused_before_anything_is_edited(photo, tmp_path, script, region):
    plans = script(warm)
    with pytest.raises(RequestError, match=r"step 2: the region .* 160 x 160"):
        edit_chain(photo, (LOOKS[0], Step(prompt="x", region=region)), str(tmp_path / "out"), "scripted")
    assert not plans


def test_a_picture_that_is_none_is_refused(tmp_path):
    with pytest.raises(ImageError):
        edit_chain(str(tmp_path / "없음.png"), LOOKS, str(tmp_path / "out"), "scripted")


def test_the_three_marked_letters_of_the_calligraphy_are_corrected_one_after_the_other(tmp_path):
    source = str(EXAMPLES / "calligraphy.png")
    steps = read_steps(str(EXAMPLES / "calligraphy-steps.yaml"), [])
    result = edit_chain(source, steps, str(tmp_path / "out"), "classical")
    assert result.completed, result.steps
    assert result.output
    read = "".join(line.text for line in read_text(Image.fromarray(pixels(result.output.uri))))
    assert all(right in read for right in "稽亭旨")
    assert not any(wrong in read for wrong in "嵇停日")
    assert result.untouched
    assert result.untouched > 0.97


def test_steps_come_from_a_file_or_one_by_one_and_wrong_ones_are_named(tmp_path):
    assert [step.prompt for step in read_steps(None, ["a", "b"])] == ["a", "b"]
    file = tmp_path / "steps.yaml"
    file.write_text("steps:\n- prompt: a\n- prompt: b\n  colour: red\n")
    with pytest.raises(RequestError, match=r"steps\.1\.colour"):
        read_steps(str(file), [])
    with pytest.raises(RequestError, match="either"):
        read_steps(str(file), ["a"])
