"""A campaign let in: picture and logos decoded, brand read, every prompt one the brand can stand behind."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task

from tasks.domain.brand import Brand, in_brand, parse_brand, refuse_forbidden
from tasks.domain.campaign import VERSION, Brief, Variation, numbered
from tasks.domain.classification import classify
from tasks.domain.errors import RequestError, UnknownEngine
from tasks.domain.identity import identity_of, seen
from tasks.domain.models import ImageRef, OutputFormat
from tasks.domain.platforms import chosen
from tasks.engines.registry import ENGINES, get_engine
from tasks.imaging import codec
from tasks.imaging.branding.logo import seen_part
from tasks.provenance.marks import ensure_ready
from tasks.retrying import retry_transient
from tasks.settings import marking_of, settings
from tasks.storage import desk, files, naming
from tasks.storage.documents import read_document


@task(name="brief", task_run_name="brief", **retry_transient)
def brief(
    picture: str,
    brand_uri: str,
    platforms: Sequence[str],
    variations: Sequence[Variation],
    output: str | None,
    engine: str | None,
    output_format: OutputFormat,
    folder: str,
) -> Brief:
    """The campaign, its picture and logos decoded into `folder`.

    Raises `RequestError` for what could not end well: a bad picture, brand file or logo, an unknown platform or engine,
    a prompt with words the brand forbids, an unwritable output.
    """
    engine_name, target = engine or settings().engine, output or settings().output
    if engine_name not in ENGINES:
        raise UnknownEngine(f"unknown engine {engine_name!r}; known engines: {', '.join(sorted(ENGINES))}")
    brand = parse_brand(read_document(brand_uri), uri=brand_uri)
    for variation in variations:
        refuse_forbidden(brand, variation.prompt)
    try:
        named = numbered(variations)
    except ValueError as doubled:
        raise RequestError(str(doubled)) from doubled
    places = chosen(platforms)
    files.ensure_writable(target)
    source = codec.decode(files.read(picture), name=picture)
    logos = _logos(brand, brand_uri, folder)
    prompts = tuple(_prompt(brand, variation, engine_name) for variation in named)
    laid = desk.lay(folder, "source", source)
    marking = marking_of()
    ensure_ready(marking)
    decided = identity_of(
        version=VERSION,
        source=laid.sha256,
        brand=brand.model_dump(mode="json"),
        logos=[logo.sha256 for logo in logos],
        platforms=[place.model_dump(mode="json") for place in places],
        variations=[variation.model_dump(mode="json") for variation in named],
        engine=engine_name,
        format=output_format,
        **seen(marking),
    )
    return Brief(
        identity=decided,
        stem=naming.own_name(picture)[: naming.MAX_STEM // 2].rstrip("._"),
        original=picture,
        source=laid,
        brand=brand,
        logos=logos,
        platforms=places,
        variations=named,
        prompts=prompts,
        engine=engine_name,
        output=target,
        output_format=output_format,
        desk=folder,
        marking=marking,
    )


def _logos(brand: Brand, brand_uri: str, folder: str) -> tuple[ImageRef, ...]:
    """The logo's pictures, which lie beside the brand file. Raises `RequestError` for one that shows nothing."""
    if brand.logo is None:
        return ()
    base = brand_uri.rpartition("/")[0] or "."
    laid: list[ImageRef] = []
    for name in filter(None, (brand.logo.picture, brand.logo.light)):
        uri = files.join(base, name)
        logo = codec.decode(files.read(uri), name=uri)
        if logo.mode == "RGBA" and not seen_part(logo):
            raise RequestError(f"the logo {uri!r} is transparent all over: export it again")
        laid.append(desk.lay(folder, f"logo-{len(laid)}", logo))
    return tuple(laid)


def _prompt(brand: Brand, variation: Variation, engine: str) -> str:
    """What an engine is told: the brand's look as well, unless more words would mislead it."""
    if not variation.prompt:
        return ""
    try:
        freely = get_engine(engine).traits.reads_freely
    except UnknownEngine:  # it is installed where the edits are done, not here
        freely = True
    kind = variation.edit_type or classify(variation.prompt).edit_type
    return in_brand(brand, variation.prompt, kind) if freely else variation.prompt
