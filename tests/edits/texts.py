"""Posters whose lettering is edited well and badly, in English, Chinese and Korean."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from tasks.domain.models import EditType
from tasks.imaging.palette import contrast
from tasks.imaging.typeface import BUNDLED, Face, Genre, covers, sized
from tests.edits.damage import ACCIDENTS, HARMLESS, any_photo
from tests.edits.pair import Pair

SIZES = ((1024, 1024), (1280, 720), (900, 1200), (768, 768))
INKS = ((255, 255, 255), (12, 12, 12), (250, 210, 60), (196, 30, 40), (20, 60, 160), (10, 120, 90))

PHRASES: Mapping[str, tuple[str, ...]] = {
    "en": ("Spring Market", "Closed on Mondays", "Happy Hour 5 to 7", "New Arrivals", "Book your table", "Garden Party",
           "Final Weeks", "Kids eat free", "Handmade Ceramics", "Rooftop Cinema", "Morning Yoga", "Two for 30"),
    "zh": ("春季新品发布", "周一休息", "买一送一", "免费停车", "手工咖啡", "儿童半价", "夜间开放", "毕业作品展", "健康早餐", "欢迎预约",
           "古城音乐节", "最后三天"),
    "ko": ("봄맞이 특별전", "매주 월요일 휴무", "신상품 입고 완료", "무료 주차 가능", "수제 커피 전문점", "어린이 반값", "야간 개장 안내",
           "졸업 작품 전시회", "건강한 아침 식사", "예약 문의 환영", "바다 음악 축제", "마지막 세일"),
}  # fmt: skip
LOOKALIKES = dict(
    zip("aeonrtlicsuhbdgq天末己人大日土千巳免早休", "oacmntilezvbhbqg夫未已入太曰士干已兔旱体", strict=True)
)
REPLACE: Mapping[str, Sequence[str]] = {
    "en": ("Change the text '{old}' to '{new}'", 'Replace "{old}" with "{new}", keep the same font and colour'),
    "zh": ("把“{old}”改成“{new}”", "将文字“{old}”替换为“{new}”，保持原有字体"),
    "ko": ("'{old}'를 '{new}'로 바꿔줘", "글자 '{old}'을 '{new}'(으)로 변경해 주세요. 글꼴은 그대로 유지"),
}
REMOVE: Mapping[str, str] = {"en": "Remove the text '{old}'", "zh": "删除文字“{old}”", "ko": "'{old}' 문구를 지워줘"}


@dataclass(frozen=True)
class Line:
    """One line of a poster; `under` is drawn beneath it at that opacity."""

    text: str
    face: Face
    size: int
    at: tuple[int, int]
    fill: tuple[int, int, int]
    banner: tuple[int, int, int] | None = None
    under: tuple[str, float] | None = None
    shown: bool = True


@dataclass(frozen=True)
class Poster:
    """A ground and the lines on it; the edit concerns line `which`."""

    ground: Image.Image
    lines: tuple[Line, ...]
    which: int

    @property
    def line(self) -> Line:
        """The line to be edited."""
        return self.lines[self.which]

    def having(self, which: int | None = None, **changes: object) -> Poster:
        """The poster with one line (the one to be edited unless said otherwise) changed."""
        which = self.which if which is None else which
        lines = [replace(line, **changes) if index == which else line for index, line in enumerate(self.lines)]  # type: ignore[arg-type]  # by name
        return replace(self, lines=tuple(lines))

    def drawn(self) -> Image.Image:
        """The poster as a picture."""
        picture = self.ground.copy()
        for line in self.lines:
            _draw(picture, line)
        return picture


def text_pairs(seed: int, language: str, split: str) -> Iterator[Pair]:
    """The good and bad edits of one drawn poster: one line replaced, or, every fourth time, removed."""
    rng = random.Random(f"{seed} {language} {split}")
    old, new, other, *rest = rng.sample(PHRASES[language], 5)
    poster = _poster(rng, split, [old, *rest])
    source = poster.drawn()
    if seed % 4 == 3:
        prompt, right, asked = REMOVE[language].format(old=old), poster.having(shown=False), "remove"
        bad = {name: wrong(poster, "", other, rng) for name, wrong in BAD_REMOVALS.items()}
    else:
        prompt, right, asked = (
            rng.choice(REPLACE[language]).format(old=old, new=new),
            poster.having(text=new),
            "replace",
        )
        bad = {name: wrong(poster, new, other, rng) for name, wrong in BAD_REPLACEMENTS.items()}
    for name, again in HARMLESS.items():
        yield Pair(source, again(right.drawn(), rng), prompt, EditType.TEXT, True, name, f"{asked} {language}")
    accidents = rng.sample(sorted(ACCIDENTS), 4)
    bad |= {name: ACCIDENTS[name](right.drawn(), rng) for name in accidents}
    for name, result in bad.items():
        again = HARMLESS[rng.choice(sorted(HARMLESS))]
        yield Pair(source, again(result, rng), prompt, EditType.TEXT, False, name, f"{asked} {language}")


def _poster(rng: random.Random, split: str, texts: list[str]) -> Poster:
    size = rng.choice(SIZES)
    kind = rng.choice(("flat", "slope", "photo", "calm photo"))
    ground = _ground(rng, kind, split, size)
    order = list(texts)
    rng.shuffle(order)
    lines, top = [], rng.randrange(40, 90)
    for text in order[: 2 + size[1] // 400]:
        if top > size[1] - 140:
            break
        lines.append(_line(rng, ground, text, top, banner=kind == "photo"))
        top += round(lines[-1].size * 1.4) + rng.randrange(50, 110)
    texts_drawn = [line.text for line in lines]
    if texts[0] not in texts_drawn:
        lines[0] = replace(lines[0], text=texts[0])
        return Poster(ground, tuple(_fitting(line, size[0]) for line in lines), 0)
    return Poster(ground, tuple(lines), texts_drawn.index(texts[0]))


def _ground(rng: random.Random, kind: str, split: str, size: tuple[int, int]) -> Image.Image:
    if kind == "photo":
        return any_photo(rng, split, size)
    if kind == "calm photo":  # darkened and out of focus, as designers do under lettering
        return any_photo(rng, split, size).filter(ImageFilter.GaussianBlur(5)).point(lambda value: value * 0.45)
    first, second = (np.array([rng.randrange(256) for _ in range(3)], np.float32) for _ in range(2))
    ramp = np.linspace(0, 1 if kind == "slope" else 0, size[1])[:, None, None]
    rows = first * (1 - ramp) + second * ramp
    return Image.fromarray(np.repeat(rows, size[0], axis=1).astype(np.uint8))


def _line(rng: random.Random, ground: Image.Image, text: str, top: int, *, banner: bool) -> Line:
    face = rng.choice([face for face in BUNDLED if covers(face, text) and not face.italic])
    size, left = rng.choice((18, 24, 34, 46, 60, 80)), rng.randrange(40, 160)
    plate = rng.choice(((0, 0, 0), (255, 255, 255), (20, 40, 90), (120, 20, 30))) if banner else None
    beneath = np.asarray(ground.crop((left, top, min(ground.width, left + 600), top + size)), np.float32)
    around = plate or tuple(int(value) for value in beneath.reshape(-1, 3).mean(axis=0))
    legible = [ink for ink in INKS if contrast(ink, around) >= 4.5]  # type: ignore[arg-type]  # always three
    return _fitting(Line(text, face, size, (left, top), rng.choice(legible or [INKS[0]]), plate), ground.width)


def _fitting(line: Line, width: int) -> Line:
    size = line.size
    while sized(line.face, size).getlength(line.text) > width - line.at[0] - 30:
        size -= 1
    return replace(line, size=size)


def _draw(picture: Image.Image, line: Line) -> None:
    draw = ImageDraw.Draw(picture)
    if line.banner:  # as wide as the picture allows: it does not tell how long the words were
        draw.rectangle(
            (line.at[0] - 16, line.at[1] - 6, picture.width - 16, line.at[1] + round(line.size * 1.45)), line.banner
        )
    if not line.shown:
        return
    line = _fitting(line, picture.width)
    font = sized(line.face, line.size)
    if line.under:
        text, opacity = line.under
        layer = picture.copy()
        ImageDraw.Draw(layer).text(line.at, text, font=font, fill=line.fill)
        picture.paste(Image.blend(picture, layer, opacity))
    draw.text(line.at, line.text, font=font, fill=line.fill)


def misspelt(text: str, rng: random.Random) -> str:
    """`text` with one letter wrong: another stroke, a look-alike, one dropped or two swapped."""
    letters = [index for index, character in enumerate(text) if character.isalnum()]
    index = rng.choice(letters)
    character = text[index]
    if "가" <= character <= "힣":  # another vowel or another final consonant, as Unicode composes them
        code = ord(character) - 0xAC00
        lead, vowel, final = code // 588, code // 28 % 21, code % 28
        vowel, final = ((vowel + 2) % 21, final) if rng.random() < 0.5 else (vowel, (final + 4) % 28 if final else 4)
        return text[:index] + chr(0xAC00 + lead * 588 + vowel * 28 + final) + text[index + 1 :]
    alike = [at for at in letters if text[at] in LOOKALIKES]
    if alike and rng.random() < 0.6:
        index = rng.choice(alike)
        return text[:index] + LOOKALIKES[text[index]] + text[index + 1 :]
    if len(letters) > 3 and rng.random() < 0.5 and text[letters[1]] != text[letters[2]]:
        one, other = letters[1], letters[2]
        return text[:one] + text[other] + text[one + 1 : other] + text[one] + text[other + 1 :]
    return text[:index] + text[index + 1 :]


Wrong = Callable[[Poster, str, str, random.Random], Image.Image]


def _beside(poster: Poster) -> int:
    return (poster.which + 1) % len(poster.lines)


def _other_face(line: Line, *, genre: bool) -> Face:
    """A face of another genre, or of the other weight, that draws the line."""
    able = [face for face in BUNDLED if not face.italic and face != line.face]
    if genre:
        wanted = Genre.SANS if line.face.genre is Genre.SERIF else Genre.SERIF
        able = [face for face in able if face.genre is wanted]
    else:
        able = [face for face in able if face.genre is line.face.genre and face.bold != line.face.bold]
    script = [face for face in able if "CJK" in face.name]
    return (script or able)[0]


def _faint(poster: Poster, new: str, rng: random.Random) -> Image.Image:
    line = poster.line
    left, top = line.at
    under = line.banner or tuple(
        int(v) for v in np.asarray(poster.ground.crop((left, top, left + 300, top + line.size))).reshape(-1, 3).mean(0)
    )
    step = rng.choice((14, 18, 22)) * (1 if sum(under) < 380 else -1)
    return poster.having(text=new, fill=tuple(max(0, min(255, value + step)) for value in under)).drawn()


def _smeared(poster: Poster, new: str, rng: random.Random) -> Image.Image:
    """The old words rubbed over, then the right new ones set on the smear."""
    picture, line = poster.drawn(), poster.line
    left, top, right, bottom = _extent(line)
    box = (max(0, left - 6), max(0, top - 4), min(picture.width, right + 6), min(picture.height, bottom + 4))
    part = np.asarray(picture.crop(box), np.float32)
    if rng.random() < 0.5:
        sigma = line.size / rng.uniform(3, 6)
        rubbed = ndimage.gaussian_filter(part, (sigma / 3, sigma, 0))
    else:
        rubbed = ndimage.uniform_filter(part, (1, line.size * 2, 1))
    picture.paste(Image.fromarray(rubbed.astype(np.uint8)), box[:2])
    font = sized(line.face, _fitting(replace(line, text=new), picture.width).size)
    ImageDraw.Draw(picture).text(line.at, new, font=font, fill=line.fill)
    return picture


def _extent(line: Line) -> tuple[int, int, int, int]:
    left, top, right, bottom = sized(line.face, line.size).getbbox(line.text)
    return round(line.at[0] + left), round(line.at[1] + top), round(line.at[0] + right), round(line.at[1] + bottom)


def _blurred_inside(poster: Poster, new: str, rng: random.Random) -> Image.Image:
    picture = poster.having(text=new).drawn()
    left, top, right, bottom = _extent(_fitting(replace(poster.line, text=new), picture.width))
    box = (max(0, left - 4), max(0, top - 4), min(picture.width, right + 4), min(picture.height, bottom + 4))
    soft = picture.crop(box).filter(ImageFilter.GaussianBlur(poster.line.size * rng.uniform(0.06, 0.1)))
    picture.paste(soft, box[:2])
    return picture


def _size(poster: Poster, new: str, rng: random.Random) -> Image.Image:
    factor = rng.choice((0.6, 0.68, 1.45))
    line = poster.having(text=new, size=round(poster.line.size * factor)).line
    if factor > 1 and _fitting(line, poster.ground.width).size < line.size:  # no room to grow
        line = replace(line, size=round(poster.line.size * 0.6))
    return replace(poster, lines=tuple(line if i == poster.which else o for i, o in enumerate(poster.lines))).drawn()


def _colour(poster: Poster, new: str, rng: random.Random) -> Image.Image:
    apart = [ink for ink in INKS if sum(abs(a - b) for a, b in zip(ink, poster.line.fill, strict=True)) > 240]
    return poster.having(text=new, fill=rng.choice(apart)).drawn()


def _remains(poster: Poster, new: str, rng: random.Random) -> Image.Image:
    """New words over old ones of which pieces were left standing."""
    clean, picture = poster.having(shown=False).drawn(), poster.drawn()
    left, top, right, bottom = _extent(poster.line)
    edges = [left + round((right - left) * part / 6) for part in range(7)]
    for part in rng.sample(range(6), 4):  # two sixths are left standing
        box = (edges[part], max(0, top - 2), min(picture.width, edges[part + 1]), bottom + 2)
        picture.paste(clean.crop(box), box[:2])
    if new:
        line = _fitting(replace(poster.line, text=new), picture.width)
        ImageDraw.Draw(picture).text(line.at, new, font=sized(line.face, line.size), fill=line.fill)
    return picture


BAD_REPLACEMENTS: Mapping[str, Wrong] = {
    "no change": lambda p, _new, _other, _rng: p.drawn(),
    "wrong line": lambda p, new, _other, _rng: p.having(_beside(p), text=new).drawn(),
    "wrong text": lambda p, _new, other, _rng: p.having(text=other).drawn(),
    "misspelt": lambda p, new, _other, rng: p.having(text=misspelt(new, rng)).drawn(),
    "other line changed": lambda p, new, other, _rng: p.having(text=new).having(_beside(p), text=other).drawn(),
    "other line misspelt": lambda p, new, _other, rng: (
        p.having(text=new).having(_beside(p), text=misspelt(p.lines[_beside(p)].text, rng)).drawn()
    ),
    "other line lost": lambda p, new, _other, _rng: p.having(text=new).having(_beside(p), shown=False).drawn(),
    "low contrast": lambda p, new, _other, rng: _faint(p, new, rng),
    "ghost": lambda p, new, _other, rng: p.having(text=new, under=(p.line.text, rng.uniform(0.15, 0.45))).drawn(),
    "old words beneath": lambda p, new, _other, _rng: p.having(text=new, under=(p.line.text, 1.0)).drawn(),
    "remains": lambda p, new, _other, rng: _remains(p, new, rng),
    "smeared": lambda p, new, _other, rng: _smeared(p, new, rng),
    "blurred inside": lambda p, new, _other, rng: _blurred_inside(p, new, rng),
    "wrong face": lambda p, new, _other, _rng: p.having(text=new, face=_other_face(p.line, genre=True)).drawn(),
    "wrong weight": lambda p, new, _other, _rng: p.having(text=new, face=_other_face(p.line, genre=False)).drawn(),
    "wrong size": lambda p, new, _other, rng: _size(p, new, rng),
    "wrong ink": lambda p, new, _other, rng: _colour(p, new, rng),
    "misplaced": lambda p, new, _other, rng: p.having(
        text=new, at=(p.line.at[0], p.line.at[1] + round(rng.uniform(1.2, 1.5) * p.line.size))
    ).drawn(),
}
BAD_REMOVALS: Mapping[str, Wrong] = {
    "no change": lambda p, _new, _other, _rng: p.drawn(),
    "wrong line": lambda p, _new, _other, _rng: p.having(_beside(p), shown=False).drawn(),
    "wrong text": lambda p, _new, other, _rng: p.having(text=other).drawn(),
    "both lines lost": lambda p, _new, _other, _rng: p.having(shown=False).having(_beside(p), shown=False).drawn(),
    "ghost": lambda p, _new, _other, rng: p.having(text=" ", under=(p.line.text, rng.uniform(0.2, 0.45))).drawn(),
    "remains": lambda p, new, _other, rng: _remains(p, new, rng),
    "smeared": lambda p, new, _other, rng: _smeared(p, new or " ", rng),
}
