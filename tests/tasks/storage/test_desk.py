from pathlib import Path

import pytest
from PIL import Image

from tasks.domain.errors import OutputError
from tasks.storage.desk import lay, open_desk, pick_up


def test_what_was_laid_is_picked_up_again_pixel_for_pixel_and_the_desk_is_cleared():
    picture = Image.linear_gradient("L").convert("RGBA")
    with open_desk() as folder:
        ref = lay(folder, "사진", picture)
        assert pick_up(ref).tobytes() == picture.tobytes()
        assert (ref.width, ref.height) == picture.size
    assert not Path(folder).exists()


def test_a_desk_that_cannot_be_written_on_is_named():
    with pytest.raises(OutputError, match="TMPDIR"):
        lay("/no/such/desk", "a", Image.new("RGB", (2, 2)))
