"""The HTTP side that the app talks to: Web API, uploads, files, response URLs, sockets."""

import asyncio
import json
import secrets

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import UploadFile

from bot.workspace import api, interactivity
from bot.workspace.api import files
from bot.workspace.core import Core
from bot.workspace.errors import SlackError, invalid
from bot.workspace.faults import Fault
from bot.workspace.model import JSON
from bot.workspace.socket_mode import SocketMode

_HANG_STEP_SECONDS = 0.05


async def arguments(request: Request) -> JSON:
    """The arguments of a call from query string and body: JSON, form or multipart.

    Raises SlackError: invalid_json, json_not_object, invalid_form_data.
    """
    found: JSON = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return found | body
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            for key, value in form.multi_items():
                if isinstance(value, UploadFile):
                    found[key] = (await value.read()).decode("utf-8", "replace")
                else:
                    found[key] = value
        return found
    if await request.body():
        raise invalid("invalid_post_type", "send a form, multipart or JSON")
    return found


def token_of(request: Request, args: JSON) -> str:
    """The token of a call: the bearer header, else the `token` argument."""
    header = request.headers.get("authorization", "")
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return str(args.get("token") or "")


def _too_fast(seconds: int) -> Response:
    body = {"ok": False, "error": "ratelimited"}
    return JSONResponse(body, 429, headers={"Retry-After": str(seconds)})


async def _suffer(core: Core, request: Request, fault: Fault) -> Response | None:
    """The answer that a fault gives instead of the method's; None to answer as usual first."""
    match fault.kind:
        case "ratelimited":
            return _too_fast(fault.retry_after)
        case "server_error":
            return PlainTextResponse("Internal Server Error", 500)
        case "unknown_method":
            return JSONResponse({"ok": False, "error": "unknown_method"})
        case "error":
            return JSONResponse({"ok": False, "error": fault.code})
        case "hang":
            while not await request.is_disconnected():
                await asyncio.sleep(_HANG_STEP_SECONDS)
            return Response(status_code=503)
        case "lost_answer":
            return None


def add_routes(app: FastAPI, core: Core, socket_mode: SocketMode) -> None:
    """Add everything that the app under test may call."""

    @app.api_route("/api/{method}", methods=["GET", "POST"])
    async def web_api(method: str, request: Request) -> Response:
        fault = core.faults.take(method)
        if fault is not None and (answer := await _suffer(core, request, fault)) is not None:
            return answer
        try:
            args = await arguments(request)
            token = token_of(request, args)
            body = {
                "ok": True,
                **api.call(core, method, token, args, ticket=socket_mode.ticket),
            }
        except SlackError as refusal:
            if refusal.code == "ratelimited":
                return _too_fast(refusal.details["retry_after"])
            body = refusal.body()
        if fault is not None:
            return PlainTextResponse("Internal Server Error", 500)
        scopes = ",".join(sorted(core.credentials.scopes))
        return JSONResponse(body, headers={"x-oauth-scopes": scopes})

    @app.post("/upload/v1/{file_id}/{secret}")
    async def upload(file_id: str, secret: str, request: Request) -> Response:
        kind = request.headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            async with request.form() as form:
                part = next((v for v in form.values() if isinstance(v, UploadFile)), None)
                content = await part.read() if part is not None else b""
        else:
            content = await request.body()
        try:
            with core.state.changed:
                files.receive(core.state, file_id, secret, content)
        except SlackError as refusal:
            return PlainTextResponse(refusal.code, 400)
        return PlainTextResponse(f"OK - {len(content)}")

    @app.get("/files-pri/{file_id}/{secret}")
    async def download(file_id: str, secret: str, request: Request) -> Response:
        authorised = token_of(request, {}) == core.credentials.bot_token
        file = core.state.files.get(file_id)
        known = file is not None and secrets.compare_digest(file.url.rpartition("/")[2], secret)
        if not authorised or not known or file is None or file.content is None:
            return PlainTextResponse("not found", 404)
        return Response(file.content, media_type="text/plain; charset=utf-8")

    @app.post("/response/{token}")
    async def response_url(token: str, request: Request) -> Response:
        try:
            interactivity.respond(core, token, await arguments(request))
        except SlackError as refusal:
            status = 404 if refusal.code in ("expired_url", "used_url") else 400
            return JSONResponse(refusal.body(), status)
        return PlainTextResponse("ok")

    @app.websocket("/socket/{ticket}")
    async def connect(websocket: WebSocket, ticket: str) -> None:
        await socket_mode.serve(websocket, ticket)
