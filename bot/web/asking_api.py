"""Asking for an action over HTTP, in the name of the person whose token is shown, and withdrawing
it. The path and the policy are those of `/recall act`; a token never approves."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from bot.alerts.json_body import parse_json
from bot.people.tokens import PersonalToken
from bot.redact import redact
from bot.web.actions_api import Number, request_view
from bot.web.body import read_capped, require_json
from bot.web.deps import Front, FrontDeps
from bot.web.personal import Person, refusal
from bot.web.problem import Problem
from bot.web.views import JSON

router = APIRouter(prefix="/v1/actions", tags=["actions"])

_MOST_BODY = 65_536
_MOST_PARAMETERS = 50
_LONGEST_VALUE = 4_000
_LONGEST_KEY = 200
_NEVER = ("approve", "reject", "changes", "break-glass")

Name = Annotated[str, Field(max_length=100)]
Text = Annotated[StrictStr, Field(max_length=_LONGEST_VALUE)]


class Asking(BaseModel):
    """`template` is an action's id and `parameters` its values; `incident` a key such as RCL-12.
    `channel` is one of the template's own channels, where it names some. With `seen`, the hash that
    was shown before, nothing else than that is asked for; with `preview` nothing at all."""

    model_config = ConfigDict(extra="forbid")

    template: StrictStr = Field(min_length=1, max_length=100)
    parameters: dict[Name, Text | StrictInt] = Field(
        default_factory=dict, max_length=_MOST_PARAMETERS
    )
    incident: StrictStr = Field("", max_length=40)
    channel: StrictStr = Field("", max_length=80)
    reason: StrictStr = Field("", max_length=400)
    seen: StrictStr = Field("", max_length=64)
    preview: bool = Field(False, strict=True)


@router.post(
    "/requests",
    status_code=HTTPStatus.CREATED,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Asking.model_json_schema()}},
        }
    },
)
async def ask(
    request: Request,
    deps: Front,
    token: Person,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Ask for it: 201, or 200 for what was asked for before under the same Idempotency-Key, and for
    a preview."""
    key = _checked_key(idempotency_key)
    require_json(request)
    body = await read_capped(request, min(_MOST_BODY, deps.max_body_bytes), deps.body_seconds)
    return await run_in_threadpool(_ask, deps, token, key, body)


@router.post("/requests/{number}/withdraw")
def withdraw(number: Number, deps: Front, token: Person) -> JSON:
    """Take back what the token's person asked for, as long as it has not begun."""
    call = {"do": "withdraw", "token": token.id, "number": number}
    done = deps.engine.act(call, deps.act_seconds)
    match done["came"]:
        case "done":
            return _view(deps, number)
        case "absent":
            raise _absent(number)
        case "refused":
            why = f"ACT-{number} stays as it is, because {done['refused']}."
            raise Problem(
                HTTPStatus.CONFLICT,
                why,
                title="Not withdrawn",
                extra={"reasons": [done["refused"]]},
            )
        case _:
            raise refusal(done)


def _never(deed: str) -> None:
    def decide(number: Number, deps: Front, token: Person) -> None:
        """A token never decides: always 403, and on the record."""
        call = {"do": "refuse", "token": token.id, "number": number, "deed": deed}
        done = deps.engine.act(call, deps.act_seconds)
        raise _absent(number) if done["came"] == "absent" else refusal(done)

    router.add_api_route(
        f"/requests/{{number}}/{deed}",
        decide,
        methods=["POST"],
        include_in_schema=False,
    )


for _deed in _NEVER:
    _never(_deed)


def _ask(deps: FrontDeps, token: PersonalToken, key: str, body: bytes) -> JSONResponse:
    asked = _parsed(body)
    wish = {
        "template": asked.template,
        "values": {name: str(value) for name, value in asked.parameters.items()},
        "incident": asked.incident,
        "channel": asked.channel,
        "reason": asked.reason,
        "seen": asked.seen,
        "key": key,
        "only_preview": asked.preview,
    }
    done = deps.engine.act({"do": "ask", "token": token.id, "wish": wish}, deps.act_seconds)
    number = int(done["number"])
    match done["came"]:
        case "shown":
            return JSONResponse({"shown": done["shown"]})
        case "made":
            return JSONResponse(
                {**_view(deps, number), "shown": done["shown"]},
                status_code=HTTPStatus.CREATED,
                headers={"Location": f"/v1/actions/requests/{number}"},
            )
        case "repeated":
            return JSONResponse(
                _view(deps, number),
                headers={
                    "Location": f"/v1/actions/requests/{number}",
                    "Idempotent-Replayed": "true",
                },
            )
        case "reused":
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"This Idempotency-Key was used for ACT-{number}, which is something else.",
                title="The Idempotency-Key was used before",
            )
        case "invalid":
            raise _invalid(done["problems"])
        case _:
            raise refusal(done)


def _view(deps: FrontDeps, number: int) -> JSON:
    with deps.units.read() as uow:
        found = uow.actions.get(number)
        assert found is not None  # it was made, or there when it was withdrawn
        approvals = uow.actions.approvals(number)
    view = request_view(found, approvals, deps.public_url)
    return {**view, "rendered": found.frozen.step.shown}


def _parsed(body: bytes) -> Asking:
    try:
        return Asking.model_validate(parse_json(body))
    except ValidationError as error:
        found = [
            {
                "at": redact(".".join(map(str, detail["loc"])))[:120] or "body",
                "problem": str(detail["msg"]),
            }
            for detail in error.errors(include_url=False, include_input=False)[:10]
        ]
        raise _problem_with(found) from None


def _invalid(problems: Mapping[str, str]) -> Problem:
    """Fields of the body by name; a parameter by its own, "" for what none is to blame."""
    own = ("incident", "channel")
    found = [
        {
            "at": name if name in own else f"parameters.{name}" if name else "parameters",
            "problem": why,
        }
        for name, why in problems.items()
    ]
    return _problem_with(found)


def _problem_with(found: list[dict[str, str]]) -> Problem:
    sentence = "; ".join(f"{one['at']}: {one['problem']}" for one in found)
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        sentence,
        title="Invalid input",
        extra={"errors": found},
    )


def _checked_key(key: str | None) -> str:
    if key is None:
        return ""
    key = key.strip().strip('"')
    if not key or len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"The Idempotency-Key must be 1 to {_LONGEST_KEY} printable ASCII characters.",
        )
    return key


def _absent(number: int) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no request ACT-{number}.")
