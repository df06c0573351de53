"""Errors of any origin as answers in OpenAI's shape, each counted."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from tasks.domain.errors import EditFlowError
from tasks.engines.server.errors import INVALID, Problem, problem, problem_of, unforeseen
from tasks.engines.server.metrics import Metrics

CODES = {404: "unknown_url", 405: "method_not_allowed", 413: "request_too_large"}
"""By status, where the web framework found the error."""


def answer_errors(app: FastAPI, metrics: Metrics) -> None:
    """Have the app answer every error, its own and the framework's, and what nobody foresaw."""

    def told(found: Problem) -> Response:
        metrics.errors.labels(found.code).inc()
        return found.response()

    @app.exception_handler(EditFlowError)
    async def on_purpose(_: Request, error: EditFlowError) -> Response:
        return told(problem_of(error))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        message = error.detail
        where = f"{request.method} {request.url.path}"
        if error.status_code == 404:
            message = f"Invalid URL ({where}): this server edits pictures, see POST /v1/images/edits"
        elif error.status_code == 405:
            message = f"Not allowed to {where}: the URL takes another method"
        found = problem(error.status_code, message, INVALID, CODES.get(error.status_code))
        found.headers.update(error.headers or {})
        return told(found)

    @app.exception_handler(Exception)
    async def of_nobody(_: Request, fault: Exception) -> Response:
        found = unforeseen(fault)
        found.headers["Connection"] = "close"  # uvicorn ends the connection: no further request may be sent on it
        return told(found)
