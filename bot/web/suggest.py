"""POST /v1/suggest: ask for a suggestion about a text."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.alerts.json_body import parse_json
from bot.alerts.reading import MAX_LABEL_NAME, MAX_LABELS, MAX_TEXT
from bot.redact import redact, redact_labels
from bot.suggestions.model import Suggestion
from bot.suggestions.public import to_public_json
from bot.suggestions.questions import SuggestRequest
from bot.web.auth import Guarded
from bot.web.body import read_capped, require_json
from bot.web.deps import Front, FrontDeps
from bot.web.problem import Problem

router = APIRouter(prefix="/v1", tags=["suggestions"])

MAX_QUESTION = 200_000
LabelName = Annotated[str, Field(max_length=MAX_LABEL_NAME)]
LabelValue = Annotated[str, Field(max_length=MAX_TEXT)]


class Question(BaseModel):
    """`text` may be an alert's words, a question, or pasted log lines."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(min_length=1, max_length=MAX_QUESTION)
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict, max_length=MAX_LABELS)


@router.post(
    "/suggest",
    dependencies=[Guarded],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Question.model_json_schema()}},
        }
    },
)
async def suggest(request: Request, deps: Front) -> dict[str, Any]:
    """The suggestion, or the abstention that says how close the nearest case is."""
    require_json(request)
    body = await read_capped(request, deps.max_body_bytes, deps.body_seconds)
    return to_public_json(await run_in_threadpool(_ask, deps, body))


def _ask(deps: FrontDeps, body: bytes) -> Suggestion:
    try:
        question = Question.model_validate(parse_json(body))
    except ValidationError as error:
        told = [
            f"{redact('.'.join(map(str, detail['loc'])))[:80] or 'body'}: {detail['msg']}"
            for detail in error.errors(include_url=False, include_input=False)[:10]
        ]
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(told), title="Invalid input"
        ) from None
    if not question.text.strip():
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "text: is blank", title="Invalid input")
    asked = SuggestRequest(text=redact(question.text), labels=redact_labels(question.labels))
    return deps.engine.suggest(asked, deps.suggest_seconds)
