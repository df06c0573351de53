"""Text in a picture, in English, Chinese and Korean at once, without being told the language.

RapidOCR (PP-OCRv6, models inside its wheel) finds lines of any script and reads English and Chinese; its alphabet
holds no Hangul, so it reads a Korean line as nothing, or as little for so wide a line. Such lines go to Tesseract with
the Korean data beside this file. Both load once per process, on first use.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.filters import threshold_otsu

from tasks.domain.models import Box, TextLine
from tasks.domain.wording import Script, has_hangul, normalise, script_of
from tasks.imaging.palette import main_colours, nearest

_TESSDATA = Path(__file__).parent / "tessdata"
_LINE_HEIGHT = 48
"""Pixels Tesseract's line recogniser gets: its network was trained on lines of this height."""
_REMEMBERED = 16
"""Pictures whose lines are kept: an edit reads its source for the plan, the edit and the check."""

_SURE, _FAIR, _LEAST = 0.93, 0.6, 0.3
"""Confidences, 0..1, chosen on drawn posters: above the first RapidOCR is believed unasked, from the second Tesseract
outvotes it, below the third nothing is believed."""
_SPARSE = 0.75
"""A reading that would fill less than this share of its box has left something unread."""
_KOREAN = 0.5
"""Share of Hangul in a reading below which it may be a misread Latin line."""
_SMALLEST, _SLIMMEST = 8, 4
"""Pixels below which a side has no room for a line, and how many times longer than broad a picture may be read."""
_EMPTY = 0.35
"""A reading that would fill less than this share of its box is no line but texture that looked like one."""
_LEAST_INK, _MOST_INK = 0.08, 0.6
"""Share of a line's box that lettering covers."""

_lock = Lock()  # neither reader's object may be used by two threads at once
_seen: OrderedDict[str, tuple[TextLine, ...]] = OrderedDict()


class _Reading(NamedTuple):
    text: str
    confidence: float


def read_text(image: Image.Image) -> tuple[TextLine, ...]:
    """The lines of text in `image`, from top to bottom and left to right; empty when there are none.

    Boxes are upright and in pixels of `image`; confidence is 0..1. Takes about a second for a megapixel on two CPU
    cores, the models' first load apart; the lines of the last pictures are remembered by their pixels.
    """
    picture = image.convert("RGB")
    key = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
    with _lock:
        if key not in _seen:
            _seen[key] = tuple(sorted(_read(picture), key=lambda line: (line.box.top, line.box.left)))
            if len(_seen) > _REMEMBERED:
                _seen.popitem(last=False)
        _seen.move_to_end(key)
        return _seen[key]


def _read(picture: Image.Image) -> Iterator[TextLine]:
    if min(picture.size) < _SMALLEST:
        return
    reader = _rapid()
    pixels = np.asarray(_broadened(picture))[:, :, ::-1]  # RapidOCR expects BGR
    found = reader(pixels, use_det=True, use_cls=False, use_rec=False)  # flags stick: all three, every call
    corners = _rejoined(list(found.boxes)) if found.boxes is not None else []
    for corner, straight in zip(corners, reader.crop_text_regions(pixels, corners), strict=True):
        left, top = np.maximum(np.floor(corner.min(axis=0)), 0).astype(int).tolist()
        right, bottom = np.minimum(np.ceil(corner.max(axis=0)), picture.size).astype(int).tolist()
        box = Box(left, top, right, bottom)
        reading, *others = _decide(picture, box, _read_rapid(straight))
        fills = _natural_width(reading.text) * box.height / max(1, box.width)
        if reading.confidence >= _LEAST and normalise(reading.text) and fills >= _EMPTY:
            alternatives = tuple(dict.fromkeys(other.text for other in others if other.text != reading.text))
            yield TextLine(text=reading.text, box=box, confidence=reading.confidence, alternatives=alternatives)


def _broadened(picture: Image.Image) -> Image.Image:
    """`picture` with its short side extended, right or below, where it is too short for its length.

    RapidOCR enlarges a picture until its short side is 736 pixels, and a ribbon would grow beyond all memory.
    """
    least = max(picture.size) // _SLIMMEST
    if min(picture.size) >= least:
        return picture
    wide = Image.new("RGB", (max(picture.width, least), max(picture.height, least)), picture.getpixel((0, 0)))
    wide.paste(picture)
    return wide


def _rejoined(corners: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """The detector's boxes (four corners each), those that are pieces of one level line put together.

    Pieces are of about one height, on one row, and nearer to each other than half that height.
    """
    lines: list[NDArray[np.float32]] = []
    for piece in sorted(corners, key=lambda corner: corner[:, 0].min()):
        mate = next((at for at, line in enumerate(lines) if _continues(line, piece)), None)
        if mate is None:
            lines.append(piece)
        else:
            (left, top), (right, bottom) = _extent(np.concatenate([lines[mate], piece]))
            lines[mate] = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return lines


def _extent(corner: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return corner.min(axis=0), corner.max(axis=0)


def _continues(line: NDArray[np.float32], piece: NDArray[np.float32]) -> bool:
    (_, top, right, bottom), (left, piece_top, _, piece_bottom) = (np.ravel(_extent(c)) for c in (line, piece))
    height, piece_height = bottom - top, piece_bottom - piece_top
    shared = min(bottom, piece_bottom) - max(top, piece_top)
    lower, taller = sorted((height, piece_height))
    alike = taller < (1.5 if left > right else 2) * lower  # pieces that overlap may differ more
    return bool(alike and shared > 0.7 * lower and left - right < 0.5 * lower)


def _decide(picture: Image.Image, box: Box, rapid: _Reading) -> list[_Reading]:
    """The readings of one line, the one to believe first."""
    sparse = _natural_width(rapid.text) * box.height < _SPARSE * box.width
    latin = any(character.isascii() and character.isalpha() for character in rapid.text)
    hanzi = sum(script_of(character) is Script.HANZI for character in rapid.text)
    mixed = latin and hanzi > 0  # Hangul beside Latin is read as hanzi, and surely so
    if rapid.confidence >= _SURE and not sparse and not mixed:
        return [rapid]
    korean = _read_korean(picture, box)
    best = korean[0]
    hangul = sum(map(has_hangul, best.text))
    if mixed:
        believed = best.confidence >= _SURE and hangul >= hanzi
    elif rapid.confidence >= _FAIR and not sparse and latin:  # a whole line of Latin: a few Hangul are misread letters
        believed = hangul >= _KOREAN * len(normalise(best.text))
    else:
        believed = best.confidence >= (_FAIR if rapid.text.strip() else _LEAST)
    lone = hangul == 1 and best.confidence < _SURE
    return korean if believed and hangul and not lone else [rapid, *korean]


def _natural_width(text: str) -> float:
    """About how wide `text` is set, in line heights: hanzi and Hangul are square, Latin letters half as wide."""
    return sum(
        0.9 if script_of(character) is not Script.LATIN else 0.6 if character.isupper() else 0.45
        for character in text.strip()
    )


@cache
def _rapid() -> Any:  # noqa: ANN401 - RapidOCR ships no types
    import onnxruntime  # noqa: PLC0415 - as below

    onnxruntime.disable_telemetry_events()
    from omegaconf import flag_override  # noqa: PLC0415 - as below
    from rapidocr import RapidOCR  # noqa: PLC0415 - importing it loads OpenCV and ONNX Runtime

    reader = RapidOCR(params={"Global.log_level": "critical", "Global.use_cls": False, "Global.text_score": 0.0})
    with flag_override(reader.cfg, ["allow_objects"], [True]):
        for part in (reader.cfg.Det, reader.cfg.Rec):
            model = f"{part.ocr_version.value}_{part.task_type.value}_{part.model_type.value}.onnx"
            part.session = _session(Path(reader.cfg.Global.model_root_dir, model))
    return reader


def _session(model: Path) -> Any:  # noqa: ANN401 - ONNX Runtime ships no types
    """The model as RapidOCR would load it, but with threads that sleep while they wait.

    By default they spin, which is a third of the CPU time of a reading, and time that nothing else can use.
    """
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415 - as above

    options = SessionOptions()
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


@cache
def _tesseract() -> Any:  # noqa: ANN401 - tesserocr ships no types
    from tesserocr import PSM, PyTessBaseAPI  # noqa: PLC0415 - only pictures with Korean need it

    return PyTessBaseAPI(path=str(_TESSDATA), lang="kor", psm=PSM.SINGLE_LINE)


def _read_rapid(pixels: NDArray[np.uint8]) -> _Reading:
    read = _rapid()(pixels, use_det=False, use_cls=False, use_rec=True)
    return _Reading(read.txts[0], float(read.scores[0])) if read.txts else _Reading("", 0.0)


def _read_korean(picture: Image.Image, box: Box) -> list[_Reading]:
    """Tesseract's readings of one line after different preparations, the one most of them agree on first.

    The detector's boxes are loose: with a margin the line may drag its neighbours in, without one it may lose an edge.
    Two sure readings that agree end the search.
    """
    readings: list[_Reading] = []
    for margin in (max(4, box.height // 8), -(box.height // 10)):
        crop = picture.crop(
            (
                max(0, box.left - abs(margin)),
                max(0, box.top - margin),
                min(picture.width, box.right + abs(margin)),
                min(picture.height, box.bottom + margin),
            )
        )
        for ink in _as_dark_on_light(crop):
            readings.append(_read_prepared(crop, ink))
            if _agreed(readings):
                return _by_votes(readings)
    return _by_votes(readings)


def _agreed(readings: list[_Reading]) -> bool:
    """True when the last reading is a sure one with Hangul in it, and an earlier sure one says the same."""
    last, *others = reversed(readings)
    sure = [normalise(reading.text) for reading in others if reading.confidence >= _SURE]
    return last.confidence >= _SURE and has_hangul(last.text) and normalise(last.text) in sure


def _by_votes(readings: list[_Reading]) -> list[_Reading]:
    """Readings ordered by how much confidence stands behind their letters, then by their own."""
    votes: dict[str, float] = defaultdict(float)
    for reading in readings:
        votes[normalise(reading.text)] += reading.confidence**4  # a doubtful vote counts for little
    return sorted(readings, key=lambda reading: (-votes[normalise(reading.text)], -reading.confidence))


def _read_prepared(crop: Image.Image, ink: NDArray[np.float64]) -> _Reading:
    """One preparation read word by word; words without Hangul are left to RapidOCR, which knows Latin better."""
    from tesserocr import RIL, iterate_level  # noqa: PLC0415 - as above

    scale, border = _LINE_HEIGHT / crop.height, 20
    line = Image.fromarray(ink.astype(np.uint8)).resize(
        (max(8, round(crop.width * scale)), _LINE_HEIGHT), Image.Resampling.LANCZOS
    )
    page = Image.new("L", (line.width + 2 * border, line.height + 2 * border), int(np.percentile(np.asarray(line), 90)))
    page.paste(line, (border, border))
    api = _tesseract()
    api.SetImage(page)
    api.SetSourceResolution(150)
    api.Recognize()
    words: list[_Reading] = []
    layout = api.GetIterator()
    for item in iterate_level(layout, RIL.WORD) if layout else ():
        if item.Empty(RIL.WORD):
            continue
        word = _Reading(item.GetUTF8Text(RIL.WORD).strip(), item.Confidence(RIL.WORD) / 100)
        if normalise(word.text) and not has_hangul(word.text):
            left, _, right, _ = ((edge - border) / scale for edge in item.BoundingBox(RIL.WORD))
            latin = _read_rapid(np.asarray(crop.crop((round(left) - 4, 0, round(right) + 4, crop.height)))[:, :, ::-1])
            word = latin if latin.text.strip() and latin.confidence > word.confidence else word
        words.append(word)
    return _joined(words)


def _joined(words: list[_Reading]) -> _Reading:
    """The words as one line, less the stray signs at its ends, as sure as its letters are on average."""
    while words and not any(map(str.isalnum, words[-1].text)):
        words.pop()
    while words and not any(map(str.isalnum, words[0].text)):
        words.pop(0)
    letters = sum(len(word.text) for word in words)
    confidence = sum(len(word.text) * word.confidence for word in words) / max(1, letters)
    return _Reading(" ".join(word.text.strip() for word in words), confidence)


def _as_dark_on_light(crop: Image.Image) -> Iterator[NDArray[np.float64]]:
    """The line as dark ink on light ground, 0..255, in several ways.

    Ink is what differs along the direction in which the colours vary most, or from the colour above and below (each
    soft and hard), or what shares one colour out of three or four, as lettering on a photograph does.
    """
    pixels = np.asarray(crop, np.float64)
    flat = pixels.reshape(-1, 3)
    main_axis = np.linalg.eigh(np.cov(flat, rowvar=False))[1][:, -1]
    ground = np.median(np.concatenate([pixels[:3], pixels[-3:]]).reshape(-1, 3), axis=0)
    for ink in (pixels @ main_axis, -np.linalg.norm(pixels - ground, axis=-1)):
        spread = float(np.ptp(ink)) or 1.0
        light = (ink - ink.min()) / spread * 255
        threshold = threshold_otsu(light) if np.ptp(light) else 128.0
        if (light > threshold).mean() < 0.5:  # ink covers the smaller part
            light, threshold = 255 - light, 255 - threshold
        yield light
        yield np.where(light > threshold, 255.0, 0.0)
    for count in (3, 4):
        colours = main_colours(flat, count)
        indices = nearest(pixels, colours)
        for index in range(len(colours)):
            if _LEAST_INK < (indices == index).mean() < _MOST_INK:
                yield np.where(indices == index, 0.0, 255.0)
