"""The same requests put to every engine, in this process and behind the server; and to the server as any client would.

A running server takes the place of all of them:

    EDIT_FLOWS_CONFORMANCE_URL=http://127.0.0.1:8300/v1 pytest tests/tasks/engines/test_conformance.py

EDIT_FLOWS_ENDPOINT_KEY is its token, EDIT_FLOWS_ENDPOINT_SERVER its kind where it is not ours.
"""

from __future__ import annotations

import base64
import io
import os
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tasks.domain.contracts import draw_contract
from tasks.domain.errors import EditCancelled, RequestError, UnsupportedInstruction
from tasks.domain.models import EditPlan, EditType
from tasks.engines.protocol import Engine
from tasks.imaging import viewport
from tests.tasks.engines.conftest import DIRECT, URL, reached

STEPS = 2
"""Enough to tell whether an edit was made; how well is not the matter here."""

ROUNDED = 0.2
"""How far an answer's aspect may be off: the tiny model works at 128 x 128 pixels, its sides are multiples of 32."""

PAINT, WARM, BRIGHTER, DARKER = (
    "Make it a watercolour painting",
    "Give it a warm look",
    "把图片调亮",
    "배경을 어둡게 해줘",
)
OURS = os.environ.get("EDIT_FLOWS_ENDPOINT_SERVER", "edit-flows") == "edit-flows"


def scene(width: int = 96, height: int = 80, number: int = 0, mode: str = "RGB") -> Image.Image:
    """A picture with a subject: soft ground, a disc and a bar, another one for each number."""
    random = np.random.default_rng(number)
    ground = Image.fromarray(random.integers(60, 200, (4, 5, 3), dtype=np.uint8))
    picture = ground.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    colours = [tuple(map(int, random.integers(0, 255, 3))) for _ in range(2)]
    draw.ellipse((width * 0.3, height * 0.25, width * 0.7, height * 0.75), fill=colours[0])
    draw.rectangle((width * 0.1, height * 0.8, width * 0.5, height * 0.9), fill=colours[1])
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


def planned(engine: Engine, prompt: str = WARM, kind: EditType = EditType.SEMANTIC, *, seed: int = 7) -> EditPlan:
    """A plan of few steps, unless they are fixed."""
    traits = engine.traits
    recipe = traits.recipes[kind]
    return EditPlan(
        contract=draw_contract(prompt, kind, masked=False),
        prompt=prompt,
        negative_prompt=recipe.negative_prompt,
        cfg_scale=recipe.cfg_scale,
        steps=STEPS if traits.tunable else recipe.steps,
        seed=seed,
    )


def unheard(_done: int, _total: int) -> None:
    """A report nobody waits for."""


def edited(
    engine: Engine,
    source: Image.Image,
    plan: EditPlan | None = None,
    mask: Image.Image | None = None,
    references: tuple[Image.Image, ...] = (),
) -> Image.Image:
    """The result as the flow gets it: the engine is shown what its traits ask for, its answer is put back."""
    traits = engine.traits
    view = viewport.view_of(source.size, None, works_at=traits.works_at, multiple=traits.multiple)
    shown = viewport.show(source, view)
    stencil = viewport.show_mask(mask, view) if mask else None
    answer = engine.edit(shown, plan or planned(engine), stencil, unheard, references).image
    assert answer.width * shown.height == pytest.approx(answer.height * shown.width, rel=ROUNDED)
    return viewport.put_back(source, answer, view)


def same(left: Image.Image, right: Image.Image) -> bool:
    return left.mode == right.mode and np.array_equal(np.asarray(left), np.asarray(right))


def test_an_engine_says_who_it_is_and_says_it_again(conforming):
    identity = conforming.identity
    assert identity.name
    assert identity.model
    assert identity.revision
    assert conforming.identity == identity
    assert set(conforming.traits.recipes) == set(EditType)


@pytest.mark.parametrize("size", [(40, 33), (97, 61), (61, 97), (400, 64), (64, 400), (256, 256)])
def test_any_size_and_shape_comes_back_as_it_was(conforming, size):
    source = scene(*size)
    before = source.copy()
    result = edited(conforming, source)
    assert result.size == size
    assert result.mode == "RGB"
    assert not same(result, before)
    assert same(source, before), "the source itself was changed"


def test_a_picture_larger_than_it_works_at_comes_back_in_its_own_size(conforming):
    works_at = conforming.traits.works_at
    if works_at is None:
        pytest.skip("works at any size")
    width = int((works_at * 1.05 * 4 / 3) ** 0.5)
    source = scene(width, int(works_at * 1.05 / width) + 1)
    assert source.width * source.height > works_at
    assert edited(conforming, source, planned(conforming, BRIGHTER)).size == source.size


@pytest.mark.parametrize("prompt", [PAINT, WARM, BRIGHTER, DARKER])
def test_instructions_in_three_languages_are_carried_out(conforming, prompt):
    assert not same(edited(conforming, scene(), planned(conforming, prompt)), scene())


def test_transparency_is_kept(conforming):
    source = scene(mode="RGBA")
    result = edited(conforming, source)
    assert result.mode == "RGBA"
    assert same(result.getchannel("A"), source.getchannel("A"))
    assert not same(result.convert("RGB"), source.convert("RGB"))


def test_a_mask_is_heeded_to_the_pixel_by_an_exact_engine_and_taken_by_every_other(conforming):
    source = scene(96, 64)
    mask = Image.new("L", source.size, 0)
    mask.paste(255, (16, 16, 64, 48))
    result = edited(conforming, source, planned(conforming, BRIGHTER, EditType.APPEARANCE), mask)
    assert result.size == source.size
    inside = np.asarray(mask) > 0
    differs = (np.asarray(result) != np.asarray(source)).any(axis=-1)
    assert differs[inside].any()
    if conforming.traits.exact:
        assert not differs[~inside].any()


def test_the_same_arguments_give_the_same_pixels_and_another_seed_others(conforming):
    first, again, other = (edited(conforming, scene(), planned(conforming, PAINT, seed=seed)) for seed in (7, 7, 8))
    assert same(first, again)
    if EditType.SEMANTIC in conforming.traits.varies:
        assert not same(first, other)


def test_the_largest_seed_is_taken(conforming):
    assert edited(conforming, scene(), planned(conforming, seed=2**63 - 1)).size == scene().size


def test_progress_runs_from_nothing_to_all(conforming):
    seen: list[tuple[int, int]] = []
    source = edit_size(conforming)
    conforming.edit(source, planned(conforming), None, lambda done, total: seen.append((done, total)))
    shares = [done / total for done, total in seen]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)


@pytest.mark.parametrize("at", [0, 1])
def test_whatever_report_raises_ends_the_edit_and_the_engine_stays_usable(conforming, at):
    source, plan = edit_size(conforming), planned(conforming)
    before = conforming.edit(source, plan, None, unheard).image

    def report(done: int, _total: int) -> None:
        if done >= at:
            raise EditCancelled("enough")

    with pytest.raises(EditCancelled, match="enough"):
        conforming.edit(source, plan, None, report)
    assert same(conforming.edit(source, plan, None, unheard).image, before)


def test_each_of_several_threads_gets_its_own_picture_back(conforming):
    """Told by content: what each gets is what the same request gives alone, and no two are alike."""
    sources = [scene(64, 64, number) for number in range(6)]
    alone = [edited(conforming, source) for source in sources]
    assert not any(same(one, other) for at, one in enumerate(alone) for other in alone[:at])
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda source: edited(conforming, source), sources))
    assert all(same(one, other) for one, other in zip(alone, together, strict=True))


def test_references_are_taken_up_to_the_limit_and_refused_beyond(conforming):
    limit = conforming.traits.references
    others = tuple(scene(48, 40 + number, 10 + number) for number in range(limit + 1))
    if limit:
        assert not same(edited(conforming, scene(), references=others[:1]), edited(conforming, scene()))
        assert edited(conforming, scene(), references=others[:limit]).size == scene().size
    with pytest.raises(RequestError):
        edited(conforming, scene(), references=others)


def test_what_an_engine_does_not_understand_it_refuses_if_it_says_that_it_reads_closely(conforming):
    plan = planned(conforming, "Zazzify the quux")
    if conforming.traits.reads_freely:
        assert edited(conforming, scene(), plan).size == scene().size
    else:
        with pytest.raises(UnsupportedInstruction, match="Zazzify"):
            edited(conforming, scene(), plan)


def test_a_vision_language_model_weighs_labels_and_answers_in_words(conforming):
    vision = conforming.vision
    if vision is None:
        pytest.skip("brings none")
    pictures = [scene(), scene(number=1)]
    weights = vision.probabilities(pictures, "Which is brighter? Answer A or B.", ["A", "B"])
    assert set(weights) == {"A", "B"}
    assert sum(weights.values()) == pytest.approx(1)
    again = vision.probabilities(pictures, "Which is brighter? Answer A or B.", ["A", "B"])
    assert again == pytest.approx(weights, rel=1e-3)
    assert isinstance(vision.answer(pictures[:1], "What is this?", max_tokens=4, seconds=60), str)


@pytest.mark.skipif(bool(URL), reason="a running server's engine is not at hand")
@pytest.mark.parametrize("name", DIRECT)
def test_through_the_server_an_edit_gives_the_same_pixels(built, served, name):
    source = scene(128, 128)
    with reached(served(name)) as engine:
        assert same(edited(engine, source), edited(built(name), source))


def edit_size(engine: Engine) -> Image.Image:
    """A small picture of a size the engine is shown things in."""
    multiple = max(32, engine.traits.multiple)
    return scene(3 * multiple, 2 * multiple)


# ---- as any client sees the server ----

over_http = pytest.mark.skipif(not OURS, reason="another kind of server has its own extensions and errors")


@pytest.fixture(scope="module")
def client(server_url):
    key = os.environ.get("EDIT_FLOWS_ENDPOINT_KEY", "")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=server_url, headers=headers, timeout=600) as made:
        yield made


def file_of(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def post(client: httpx.Client, picture: bytes | None = None, **fields: object) -> httpx.Response:
    data = {name: str(value) for name, value in {"prompt": WARM, "steps": STEPS, "seed": 7, **fields}.items()}
    content = file_of(scene(64, 64)) if picture is None else picture
    return client.post("images/edits", data=data, files={"image": ("a.png", content, "image/png")})


def pictures_in(answer: httpx.Response) -> list[Image.Image]:
    assert answer.status_code == 200, answer.text
    return [Image.open(io.BytesIO(base64.b64decode(entry["b64_json"]))) for entry in answer.json()["data"]]


@over_http
def test_n_pictures_are_those_of_n_seeds_one_after_the_other(client):
    answer = post(client, prompt=PAINT, n=3)
    assert answer.json()["seeds"] == [7, 8, 9]
    single = pictures_in(post(client, prompt=PAINT, seed=9))
    assert same(pictures_in(answer)[2], single[0])


@over_http
@pytest.mark.parametrize(("asked", "given"), [("png", "PNG"), ("jpeg", "JPEG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_the_file_format_is_the_one_asked_for(client, asked, given):
    (picture,) = pictures_in(post(client, output_format=asked))
    assert picture.format == given
    assert picture.size == (64, 64)


@over_http
@pytest.mark.parametrize(("size", "given"), [("auto", (64, 64)), ("64x64", (64, 64)), ("128x128", (128, 128))])
def test_the_size_is_the_sources_or_the_one_asked_for_in_its_shape(client, size, given):
    answer = post(client, size=size)
    assert pictures_in(answer)[0].size == given
    assert answer.json()["size"] == f"{given[0]}x{given[1]}"


@over_http
@pytest.mark.parametrize(
    ("status", "param", "fields"),
    [
        (400, "size", {"size": "128x64"}),
        (400, "size", {"size": "large"}),
        (400, "n", {"n": 0}),
        (400, "n", {"n": 11}),
        (400, "prompt", {"prompt": " "}),
        (400, "steps", {"steps": "many"}),
        (400, "seed", {"seed": -1}),
        (400, "response_format", {"response_format": "url"}),
        (400, "output_format", {"output_format": "tiff"}),
        (400, "sparkle", {"sparkle": "yes"}),
        (400, "image", {"picture": b"no picture"}),
        (400, "image", {"picture": b""}),
        (404, "model", {"model": "gpt-image-1"}),
    ],
)
def test_a_wrong_request_is_refused_naming_the_parameter_in_the_shape_of_openai(client, status, param, fields):
    answer = post(client, **fields)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert error["code"]


@over_http
@pytest.mark.parametrize("path", ["images/generations", "nothing/here"])
def test_what_the_server_does_not_do_is_refused_in_the_same_shape(client, path):
    answer = client.post(path, json={"prompt": "a cat"})
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@over_http
def test_the_model_is_listed_and_may_be_asked_for_by_that_name(client):
    (model,) = client.get("models").json()["data"]
    assert pictures_in(post(client, model=model["id"]))[0].size == (64, 64)


@over_http
def test_events_arrive_in_order_and_the_last_one_brings_the_same_picture(client):
    whole = pictures_in(post(client))[0]
    answer = post(client, stream="true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in answer.text.split("\n\n") if block.strip() and not block.startswith(":")]
    kinds = [block.split("\n")[0].removeprefix("event: ") for block in blocks]
    assert set(kinds[:-1]) <= {"image_edit.queued", "image_edit.progress"}
    assert kinds[-1] == "image_edit.completed"
    told = httpx.Response(200, text=blocks[-1].split("\ndata: ", 1)[1]).json()
    picture = Image.open(io.BytesIO(base64.b64decode(told["b64_json"])))
    assert same(picture, whole)
    assert told["type"] == kinds[-1]
