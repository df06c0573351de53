"""What goes wrong, as the API answers it: problem+json (RFC 9457), and under /v1 in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from tasks.domain.errors import EditFlowError
from tasks.domain.models import Frozen, Verdict
from tasks.engines.server.errors import problem_of

OPENAI = "/v1/"
"""Routes below it answer as OpenAI's do."""
MEDIA = "application/problem+json"
TITLES = {
    400: "The request cannot be honoured",
    401: "A key is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Not with this method",
    409: "Not in this state",
    413: "Too large",
    415: "Not this kind of content",
    422: "The request cannot be honoured",
    429: "Too many requests",
    500: "A fault of the server",
    503: "Not available now",
}


class FieldProblem(Frozen):
    """What is wrong with one field of a request."""

    field: str
    detail: str


class Problem(Frozen):
    """An error, for people and programs (RFC 9457)."""

    type: str = Field(description="Which kind of problem: a URN that ends in `code`.")
    title: str
    status: int
    detail: str = Field(description="What is wrong with which value, and what to do.")
    code: str = Field(description="Which kind of problem, for programs.")
    fields: tuple[FieldProblem, ...] = ()
    edit: str | None = Field(default=None, description="Id of the edit it is about.")
    verdict: Verdict | None = Field(default=None, description="Why an edit was rejected.")


class OpenAIError(Frozen):
    """What is wrong, as OpenAI words it."""

    message: str
    type: str
    param: str | None
    code: str | None
    edit: str | None = Field(default=None, description="Id of the edit it is about.")
    verdict: Verdict | None = Field(default=None, description="Why an edit was rejected.")


class OpenAIProblem(Frozen):
    """An error in OpenAI's shape; `edit` and `verdict` are ours."""

    error: OpenAIError


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        edit: str | None = None,
        verdict: Verdict | None = None,
        headers: Mapping[str, str] | None = None,
        fields: tuple[FieldProblem, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.headers = dict(headers or {})
        self.problem = Problem(
            type=f"urn:edit-flows:{code}",
            title=TITLES[status],
            status=status,
            detail=detail,
            code=code,
            edit=edit,
            verdict=verdict,
            fields=fields,
        )

    def response(self, path: str) -> Response:
        """The answer, in the shape of the route that was asked."""
        told = self.problem
        if path.startswith(OPENAI):
            return JSONResponse(self.openai().model_dump(mode="json"), told.status, self.headers)
        return JSONResponse(told.model_dump(mode="json", exclude_none=True), told.status, self.headers, MEDIA)

    def openai(self) -> OpenAIProblem:
        """The error in OpenAI's shape."""
        told = self.problem
        return OpenAIProblem(
            error=OpenAIError(
                message=told.detail,
                type=_kind(told.status),
                param=told.fields[0].field if told.fields else None,
                code=told.code,
                edit=told.edit,
                verdict=told.verdict,
            )
        )


def refusal_of(error: EditFlowError, edit: str | None = None) -> Refused:
    """How an error of this project is answered: with the status, code and field the engine server also gives it."""
    known = problem_of(error)
    status = 409 if known.status not in TITLES else known.status  # 499: somebody cancelled it
    param = known.body["error"]["param"]
    fields = (FieldProblem(field=param, detail=str(error)),) if param else ()
    return Refused(status, known.code, str(error), edit=edit, headers=known.headers, fields=fields)


def answer_problems(app: FastAPI) -> None:
    """Have the app answer every error, its own and the framework's, and what nobody foresaw."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return error.response(request.url.path)

    @app.exception_handler(EditFlowError)
    async def on_purpose(request: Request, error: EditFlowError) -> Response:
        return refusal_of(error).response(request.url.path)

    @app.exception_handler(RequestValidationError)
    async def of_fields(request: Request, error: RequestValidationError) -> Response:
        fields = tuple(
            FieldProblem(
                field=".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0]),
                detail=str(found["msg"]).removeprefix("Value error, "),
            )
            for found in error.errors()
        )
        detail = "; ".join(f"{problem.field}: {problem.detail}" for problem in fields)
        return Refused(422, "invalid_value", detail, fields=fields).response(request.url.path)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        status = error.status_code if error.status_code in TITLES else 400
        headers = dict(error.headers or {})
        if status == 405:  # the framework names the methods of one of several routes
            headers["Allow"] = ", ".join(_methods(app, request))
        return Refused(status, "http", str(error.detail), headers=headers).response(request.url.path)

    @app.exception_handler(httpx.HTTPError)
    async def of_prefect(request: Request, away: httpx.HTTPError) -> Response:
        detail = f"the Prefect server does not answer ({type(away).__name__}): ask again soon"
        return Refused(503, "prefect_away", detail, headers={"Retry-After": "5"}).response(request.url.path)

    @app.exception_handler(Exception)
    async def of_nobody(request: Request, fault: Exception) -> Response:
        detail = f"the server has a fault ({type(fault).__name__}); its log says more"
        return Refused(500, "fault", detail, headers={"Connection": "close"}).response(request.url.path)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """All methods that a path takes."""
    scope = dict(request.scope)
    fitting = [route for route in app.routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE]
    return sorted({method for route in fitting for method in route.methods or ()})


def _kind(status: int) -> str:
    """OpenAI's type of an error with this status."""
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"
