from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from skimage import data

from flows.__main__ import main
from flows.campaigning import described
from flows.content import create_content
from tasks.domain.campaign import Layout, Variation
from tasks.domain.errors import ImageError, RequestError, UnknownEngine
from tasks.domain.marking import EditClass
from tasks.domain.results import Outcome
from tasks.settings import settings
from tasks.storage.records import read_result
from tests.doubles import ScriptedEngine, unchanged

pytestmark = pytest.mark.usefixtures("prefect_server")

BRAND = """
name: 달빛시장
colours: ["#1e1842", "#fff8ec"]
palette: 0
forbidden: [무료]
logo: {picture: logo.png, light: 밝은.png}
"""
TWO = ("instagram_post", "blog_thumbnail")
WARM = Variation(prompt="Give it a warm vintage look", name="따뜻하게")


@pytest.fixture(autouse=True)
def scripted(script):
    return ScriptedEngine


@pytest.fixture
def place(tmp_path):
    """A folder with a picture, a brand file and its logo."""
    picture = Image.fromarray(data.rocket()).convert("RGB").resize((960, 640))
    picture.save(tmp_path / "로켓 1.png")
    (tmp_path / "brand.yaml").write_text(BRAND, encoding="utf-8")
    for name, ink in (("logo.png", (20, 20, 40, 255)), ("밝은.png", (255, 250, 240, 255))):
        logo = Image.new("RGBA", (200, 80), (0, 0, 0, 0))
        ImageDraw.Draw(logo).rounded_rectangle((2, 2, 197, 77), 30, outline=ink, width=16)
        logo.save(tmp_path / name)
    return tmp_path


def create(place: Path, variations=(), platforms=TWO, brand="brand.yaml", **more):
    arguments = {"output": str(place / "out"), "engine": "scripted"} | more
    return create_content(str(place / "로켓 1.png"), str(place / brand), platforms, variations, **arguments)


def files(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_each_variation_is_edited_once_and_comes_in_every_size_exactly(place, scripted):
    result = create(place, (WARM, Variation(name="plain")))
    assert result.counts == {"accepted": 4}
    assert len(scripted.plans) == 1
    assert "In the look of the brand" not in scripted.plans[0].prompt  # this brand says nothing of style ...
    assert "#1e1842" in scripted.plans[0].prompt  # ... but has colours
    for piece in result.pieces:
        with Image.open(piece.output.uri) as picture:
            assert picture.size == piece.platform.size
        stored = json.loads(Path(piece.metadata_uri).read_text(encoding="utf-8"))
        assert stored["framing"]["reason"]
        assert {check["name"] for check in stored["checks"]} >= {"size", "palette", "logo present"}
        assert all("score" in check and "threshold" in check for check in stored["checks"])
    record = json.loads(Path(result.record_uri).read_text(encoding="utf-8"))
    assert len(record["pieces"]) == 4
    assert Path(result.sheet_uri).stat().st_size > 10_000
    assert "따뜻하게" in described(result)


def test_running_again_makes_and_changes_nothing(place, scripted):
    first = create(place, (WARM,))
    before = {name: (place / name).stat().st_mtime_ns for name in files(place)}
    again = create(place, (WARM,))
    assert {name: (place / name).stat().st_mtime_ns for name in files(place)} == before
    assert all(piece.reused for piece in again.pieces)
    assert again.record_uri == first.record_uri
    assert len(scripted.plans) == 1


def test_a_piece_somebody_took_away_is_made_again_and_no_other(place):
    first = create(place)
    Path(first.pieces[0].output.uri).unlink()
    assert [piece.reused for piece in create(place).pieces] == [False, True]


def test_variations_that_fail_or_do_not_pass_are_told_and_do_not_sink_the_rest(place, scripted, monkeypatch):
    def broken(image):
        raise RuntimeError("out of order")

    monkeypatch.setattr(scripted, "script", [broken, unchanged, unchanged, unchanged])
    bad = Variation(prompt="Make it a watercolour painting", name="broken")
    result = create(place, (bad, WARM, Variation(name="as it is")), at_once=1)
    assert result.counts == {"accepted": 2, "failed": 1, "rejected": 1}
    assert "out of order" in result.failed[0].reason
    assert "unchanged" in result.failed[1].reason


def test_what_the_brand_does_not_find_itself_in_is_tried_otherwise_and_else_goes_to_review(place):
    (place / "strict.yaml").write_text(BRAND.replace("palette: 0", "palette: 0.2"), encoding="utf-8")
    (piece,) = create(place, platforms=("instagram_post",), brand="strict.yaml").pieces
    assert piece.framing.layout in {Layout.CROP, Layout.LETTERBOX, Layout.BAND}
    (place / "never.yaml").write_text(BRAND.replace("palette: 0", "palette: 1"), encoding="utf-8")
    (piece,) = create(place, platforms=("instagram_post",), brand="never.yaml").pieces
    assert piece.outcome is Outcome.REJECTED
    assert "/out/review/" in piece.output.uri
    assert any("palette" in tried for tried in piece.tried)


def test_a_small_picture_is_told_to_be_enlarged_and_a_tiny_one_does_not_pass(place):
    assert create(place, platforms=("blog_thumbnail",)).pieces[0].notes == ()
    Image.new("RGB", (600, 600), "#1e1842").save(place / "로켓 1.png")
    assert "give a larger picture" in create(place, platforms=("instagram_post",)).pieces[0].notes[0]
    Image.new("L", (9, 7), 40).save(place / "로켓 1.png")
    assert create(place, platforms=("instagram_post",)).pieces[0].outcome is Outcome.REJECTED


def test_a_brand_without_a_logo_is_held_to_its_colours_and_words_alone(place):
    (place / "bare.yaml").write_text("name: bare\ncolours: [navy]\npalette: 0\n", encoding="utf-8")
    result = create(place, brand="bare.yaml")
    assert result.counts == {"accepted": 2}
    assert all(piece.logo is None for piece in result.pieces)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds NoneType"),
        (b"name: x\ncolours: !!python/object/apply:os.system ['true']\n", "tag"),
        (b"a: &a [x]\nb: *a\n", "anchor"),
        (b"x" * 70_000, "the limit is"),
        (b"name: x\nname: y\n", "second time"),
        (b"name: x\ncolours: [navy]\nlogo: {picture: ../../secret.png}\n", "no file beside"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_brand_file_that_cannot_be_trusted_is_refused_before_anything_is_written(place, content, told):
    (place / "brand.yaml").write_bytes(content)
    with pytest.raises(RequestError, match=told):
        create(place)
    assert not (place / "out").exists()


def test_the_command_line_refuses_in_one_line(place, capsys):
    picture = str(place / "로켓 1.png")
    assert main(["content", picture]) == 1
    assert main(["content", picture, "--brand", str(place / "none.yaml"), "--output", str(place / "out")]) == 1
    assert [line for line in capsys.readouterr().err.splitlines() if "none.yaml" in line and line.startswith("error:")]


def test_what_could_not_end_well_is_refused_at_once(place):
    with pytest.raises(RequestError, match="forbids '무료'"):
        create(place, (Variation(prompt="'무료'라고 써줘"),))
    with pytest.raises(RequestError, match="'myspace'"):
        create(place, platforms=("myspace",))
    with pytest.raises(UnknownEngine, match="known engines"):
        create(place, engine="magic")
    with pytest.raises(RequestError, match="called 'a'"):
        create(place, (Variation(prompt="x", name="a"), Variation(prompt="y", name="a")))
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(place / "logo.png")
    with pytest.raises(RequestError, match="transparent all over"):
        create(place)
    (place / "logo.png").unlink()
    with pytest.raises(ImageError, match=r"logo\.png"):
        create(place)


def test_every_size_is_a_signed_receipt_and_says_what_the_look_was_made_of(place, capsys):
    result = create(place, (WARM, Variation(name="plain")))
    for piece in result.pieces:
        assert main(["verify", piece.output.uri]) == 0
        assert piece.marks
        assert piece.marks.edit_class is (EditClass.UNEDITED if piece.variation == "plain" else EditClass.SYNTHETIC)
    capsys.readouterr()
    picture = Path(result.pieces[0].output.uri)
    picture.write_bytes(picture.read_bytes() + b"x")
    assert main(["verify", str(picture)]) == 2
    assert "BAD file" in capsys.readouterr().out


def test_a_label_stands_on_the_sizes_not_on_the_look_they_are_cut_from(place, monkeypatch):
    monkeypatch.setenv("EDIT_FLOWS_LABEL", "ko")
    settings.cache_clear()
    try:
        result = create(place, (WARM,))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    look = read_result(result.pieces[0].look.edit)
    assert look.marks
    assert look.marks.label is None
    for piece in result.pieces:
        assert piece.marks
        assert piece.marks.label
        assert piece.marks.label.language == "ko"


def test_what_a_killed_run_left_of_a_size_goes_with_the_next(place):
    result = create(place)
    piece = result.pieces[0]
    stray = Path(piece.output.uri).with_name(f"{Path(piece.metadata_uri).stem}-00000000.png")
    stray.write_bytes(b"left behind")
    Path(piece.metadata_uri).unlink()
    create(place)
    assert not stray.exists()
    assert len(list(stray.parent.glob(f"{Path(piece.metadata_uri).stem}*.png"))) == 1
