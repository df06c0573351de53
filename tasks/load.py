"""Box A, image in: decode the picture, make sure the request can be honoured, give the work its identity."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from prefect import get_run_logger, task

from tasks.domain.errors import RequestError
from tasks.domain.identity import identify
from tasks.domain.models import EditRequest, Job
from tasks.engines.licensing import ensure_licensed
from tasks.engines.registry import get_engine
from tasks.imaging import codec
from tasks.provenance.marks import ensure_ready
from tasks.retrying import retry_transient
from tasks.settings import marking_of, settings
from tasks.storage import desk, files
from tasks.storage.desk import ORIGINAL


@task(name="load", task_run_name="load", **retry_transient)
def load(request: EditRequest, output: str | None, engine: str | None, folder: str) -> Job:
    """The request as a job: pictures decoded into `folder`, engine known, output writable.

    Raises `RequestError` for what could not end well: bad picture, bad mask, unknown engine or one whose licence
    forbids this use, unwritable output.
    """
    started = datetime.now(UTC)
    engine_name, target = engine or settings().engine, output or settings().output
    maker = get_engine(engine_name)
    identity, licence = maker.identity, maker.traits.licence
    ensure_licensed(identity.model, licence)
    if licence.commercial_ok is None:
        get_run_logger().warning(
            "the licence of %s is not known: whether it may be used here, nobody checked", identity.model
        )
    if len(request.references) > maker.traits.references:
        raise RequestError(
            f"{len(request.references)} reference pictures given, the engine {engine_name!r} can be shown "
            f"{maker.traits.references}: leave some out or use another engine"
        )
    files.ensure_writable(target)
    marking = marking_of(request.label, draft=request.draft, exif=request.keep_exif)
    ensure_ready(marking)
    data = files.read(request.image)
    picture = codec.decode(data, name=request.image)
    desk.keep_file(folder, ORIGINAL, data)
    codec.ensure_encodable(picture.size, request.output_format)
    source = desk.lay(folder, "source", picture)
    mask = None
    if request.mask is not None:
        stencil = codec.decode_mask(files.read(request.mask), name=request.mask, size=picture.size)
        mask = desk.lay(folder, "mask", stencil)
    references = tuple(
        desk.lay(folder, f"reference-{number}", codec.decode(files.read(uri), name=uri))
        for number, uri in enumerate(request.references, start=1)
    )
    return Job(
        request=request,
        identity=identify(request, source, mask, identity, references, marking),
        original=source.model_copy(update={"uri": request.image, "file_sha256": hashlib.sha256(data).hexdigest()}),
        source=source,
        mask=mask,
        references=references,
        engine=identity,
        output=target,
        desk=folder,
        marking=marking,
        started=started,
    )
