import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.domain.errors import OutputError
from tasks.domain.models import OutputFormat
from tasks.imaging import codec
from tasks.storage.desk import lay, open_desk, pick_up


def test_what_was_laid_is_picked_up_again_pixel_for_pixel_and_the_desk_is_cleared():
    picture = Image.linear_gradient("L").convert("RGBA")
    with open_desk() as folder:
        ref = lay(folder, "사진", picture)
        assert pick_up(ref).tobytes() == picture.tobytes()
        assert (ref.width, ref.height) == picture.size
    assert not Path(folder).exists()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_picture_keeps_its_mode_and_hidden_colours_and_brings_nothing_else(tmp_path, mode):
    samples = np.random.default_rng(0).integers(0, 256, (37, 53, 4), np.uint8)
    picture = Image.fromarray(samples).convert(mode)
    ref = lay(str(tmp_path), "a", picture)
    again = pick_up(ref)
    assert (again.mode, again.size, again.tobytes()) == (mode, picture.size, picture.tobytes())
    assert again.info == {}
    assert ref.file_sha256 == hashlib.sha256(Path(ref.uri).read_bytes()).hexdigest()
    assert ref.sha256 == codec.pixel_sha256(again)


def test_a_mask_lies_on_the_desk_as_the_file_that_is_delivered(tmp_path):
    mask = Image.new("L", (9, 5), 255)
    assert Path(lay(str(tmp_path), "mask", mask).uri).read_bytes() == codec.encode(mask, OutputFormat.PNG)


def test_a_desk_that_cannot_be_written_on_is_named():
    with pytest.raises(OutputError, match="TMPDIR"):
        lay("/no/such/desk", "a", Image.new("RGB", (2, 2)))
