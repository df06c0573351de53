"""Text edits by the classical engine on drawn posters, judged by the flow's own checks.

    python -m tests.benchmarks.lettering [POSTERS]

Posters have one to three lines in a random bundled face, size and colour on plain, sloped and photographic grounds,
with and without banners; one line of each is replaced. Refused means the engine said that it cannot do it.
"""

from __future__ import annotations

import random
import sys
import time

import pandas as pd
from PIL import Image

from tasks.domain.contracts import draw_contract
from tasks.domain.errors import EditFlowError
from tasks.domain.models import EditPlan, EditType
from tasks.engines.registry import get_engine
from tasks.engines.text_reader import read_text
from tasks.imaging.checks.inspection import inspect
from tasks.imaging.typeface import BUNDLED, covers
from tests.drawing import Item, poster

WORDS = {
    "en": (
        "Summer Sale",
        "Grand Opening",
        "Fresh Coffee Daily",
        "Members save 20%",
        "Live Music Tonight",
        "Order today",
    ),
    "ko": ("여름 특별 할인", "안녕하세요", "환영합니다", "신제품 출시 기념", "오늘만 무료 배송", "회원 전용 혜택"),
    "zh": ("欢迎光临", "新品上市", "限时抢购", "周末免费体验", "科技改变生活", "会员专享优惠"),
}
GROUNDS = ("flat", "slope", "astronaut", "coffee", "chelsea", "rocket")
INKS = (("white", "#101828"), ("#ffd84a", "#101828"), ("#101010", "#f4f1ea"), ("#8c1d2c", "#ffffff"))
"""Ink and the banner it is readable on."""
DARK = ("#101010", "#8c1d2c")
"""Inks that most of the grounds would swallow without a banner."""


def trial(seed: int, language: str) -> dict[str, object]:
    """One poster drawn, edited and judged."""
    rng = random.Random(seed)
    kind = rng.choice(GROUNDS)
    *lines, new = rng.sample(WORDS[language], rng.randint(2, 4))
    ink, paper = rng.choice(INKS)
    banner = paper if rng.random() < 0.5 or (ink in DARK and kind != "coffee") else None
    faces = [face.name for face in BUNDLED if covers(face, "".join(lines))]
    items = [
        Item(text, rng.choice(faces), rng.choice((24, 34, 46, 60)), (50, 30 + 130 * row), ink, banner)
        for row, text in enumerate(lines)
    ]
    picture, old = poster(kind, *items), rng.choice(lines)
    row: dict[str, object] = {"language": language, "ground": "photo" if kind not in {"flat", "slope"} else "plain"}
    begun = time.perf_counter()
    try:
        outcome = judge(picture, f"Change the text '{old}' to '{new}'")
    except EditFlowError as refused:
        outcome = f"refused: {str(refused)[:60]}"
    return row | {"seconds": time.perf_counter() - begun, "outcome": outcome}


def judge(picture: Image.Image, prompt: str) -> str:
    """'passed', or what the checks found wrong."""
    contract = draw_contract(prompt, EditType.TEXT, masked=False)
    plan = EditPlan(contract=contract, prompt=prompt, negative_prompt="", cfg_scale=4, steps=1, seed=0)
    edited = get_engine("classical").edit(picture, plan, None, lambda _done, _total: None).image
    verdict = inspect(picture, edited, contract, None, read_text)
    return "passed" if verdict.passed else ", ".join(verdict.failures)


if __name__ == "__main__":
    posters = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    judge(poster("flat", Item("Hello")), "Change the text 'Hello' to 'Goodbye'")  # loads the models
    table = pd.DataFrame([trial(seed, language) for language in WORDS for seed in range(posters)])
    table["passed"] = table["outcome"] == "passed"
    summary = table.groupby(["language", "ground"]).agg(
        posters=("passed", "size"), passed=("passed", "mean"), seconds=("seconds", "median")
    )
    print(summary.to_string(float_format=lambda value: f"{value:.2f}"))
    for outcome, count in table.loc[~table["passed"], "outcome"].value_counts().items():
        print(f"{count:3d}  {outcome}")
