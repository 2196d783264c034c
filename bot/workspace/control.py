"""The control API of the page and of other processes: what a person does, as small JSON calls.

Loopback alone does not keep other websites out, so every call carries a token that only the
page (same origin) or the process that started the workspace can know.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from bot.workspace import faults, interactivity, snapshot
from bot.workspace.core import Core
from bot.workspace.delivery import Delivery
from bot.workspace.driver import Person
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Message, View
from bot.workspace.socket_mode import SocketMode

_COALESCE_SECONDS = 0.03
_KEEPALIVE_SECONDS = 15.0
MAX_TEXT = 40_000
Fields = Annotated[dict[str, Any], Body()]


@dataclass(frozen=True, slots=True)
class DemoButton:
    """An entry of the menu on top of the page; `callback` runs in the workspace's process."""

    id: str
    label: str
    description: str
    callback: Callable[[], None]


class Control:
    """What the control routes work on."""

    def __init__(
        self, core: Core, socket_mode: SocketMode, demo_buttons: Iterable[DemoButton]
    ) -> None:
        self.core = core
        self.socket_mode = socket_mode
        self.token = secrets.token_urlsafe(24)
        self.demo_buttons = {button.id: button for button in demo_buttons}
        self.caption: JSON = {"time": "", "text": ""}
        self._streams: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        core.state.listeners.append(self._wake)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Know the server's event loop, for live updates."""
        self._loop, self._closed = loop, False

    def close(self) -> None:
        """End all live streams, so that the server can stop."""
        self._closed = True
        self._wake()

    @property
    def is_watched(self) -> bool:
        """Whether somebody has the page open."""
        return bool(self._streams)

    def narrate(self, text: str, time: str = "") -> None:
        """Show one line in the bar on top of the page, in place of the one before."""
        self.caption = {"time": time, "text": text}
        self.core.state.touch()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_all)

    def _set_all(self) -> None:
        for stream in self._streams:
            stream.set()

    def person(self, fields: JSON) -> Person:
        """The person that acts: `as` is a name or id of a user who is no bot."""
        try:
            user = self.core.state.user_named(str(fields.get("as", "")))
        except KeyError:
            raise HTTPException(404, "no such user") from None
        if user.is_bot:
            raise HTTPException(403, "a bot speaks through the Web API")
        return Person(self.core, user)

    def message(self, person: Person, fields: JSON) -> Message:
        """The message at `channel` and `ts`, in a channel that the person may see."""
        channel = self.core.state.channel(str(fields.get("channel", "")), viewer=person.id)
        ts = str(fields.get("ts", ""))
        found = channel.ephemeral.get(ts) or channel.messages.get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def view(self, person: Person, fields: JSON) -> View:
        """The person's modal or home tab with the id `view_id`."""
        stack = self.core.state.views.get(person.id, [])
        home = self.core.state.homes.get(person.id)
        for view in [*stack, *([home] if home else [])]:
            if view.id == fields.get("view_id"):
                return view
        raise SlackError("not_found")

    async def changes(self) -> AsyncIterator[str]:
        """Server-sent events with the revision, one after each burst of changes."""
        woken = asyncio.Event()
        self._streams.add(woken)
        try:
            while not self._closed:
                woken.clear()
                yield f"data: {json.dumps({'revision': self.core.state.revision})}\n\n"
                try:
                    await asyncio.wait_for(woken.wait(), _KEEPALIVE_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                await asyncio.sleep(_COALESCE_SECONDS)
        finally:
            self._streams.discard(woken)

    def outcome(self, delivery: Delivery | None) -> JSON:
        """Wait for the app's acknowledgement, as Slack does before it shows a failure."""
        if delivery is None:
            return {"ok": True, "sent": False}
        delivery.settled.wait(self.core.deliveries.ack_timeout + 1.0)
        if delivery.acked:
            return {"ok": True, "sent": True}
        error = delivery.attempts[-1].error if delivery.attempts else None
        return {"ok": False, "error": error or "timeout"}


def add_routes(app: FastAPI, control: Control) -> None:
    """Add the routes under /control."""
    core = control.core

    def authorise(request: Request, token: Annotated[str, Query()] = "") -> None:
        given = request.headers.get("x-control-token", token)
        if not secrets.compare_digest(given.encode(), control.token.encode()):
            raise HTTPException(403, "the control token is missing or wrong")

    guard = [Depends(authorise)]

    @app.exception_handler(SlackError)
    def refused(request: Request, refusal: SlackError) -> Response:
        return JSONResponse(refusal.body(), 400)

    @app.exception_handler(LookupError)
    def not_there(request: Request, missing: LookupError) -> Response:
        return JSONResponse({"ok": False, "error": str(missing)}, 404)

    @app.get("/control/snapshot", dependencies=guard)
    def look(
        viewer: Annotated[str, Query(alias="as")], channel: str = "", thread: str = ""
    ) -> JSON:
        person = control.person({"as": viewer})
        return snapshot.snapshot(core, person.id, channel, thread) | {
            "faults": core.faults.json(),
            "connections": control.socket_mode.connections,
            "deliveries": snapshot.deliveries(core.deliveries.log),
            "demo": [
                {"id": b.id, "label": b.label, "description": b.description}
                for b in control.demo_buttons.values()
            ],
            "caption": control.caption,
        }

    @app.get("/control/stream", dependencies=guard)
    async def stream() -> Response:
        return StreamingResponse(control.changes(), media_type="text/event-stream")

    @app.get("/control/deliveries", dependencies=guard)
    def list_deliveries(limit: int = 200) -> list[JSON]:
        return snapshot.deliveries(core.deliveries.log, limit)

    @app.get("/control/files/{file_id}", dependencies=guard)
    def file(file_id: str) -> JSON:
        found = core.state.file(file_id)
        return {"name": found.name, "text": (found.content or b"").decode("utf-8", "replace")}

    @app.post("/control/say", dependencies=guard)
    def say(fields: Fields) -> JSON:
        person, text = control.person(fields), str(fields.get("text", ""))
        channel, thread_ts = str(fields.get("channel", "")), fields.get("thread_ts") or None
        if not text.strip() or len(text) > MAX_TEXT:
            raise SlackError("no_text" if not text.strip() else "msg_too_long")
        if text.startswith("/") and "\n" not in text:
            return control.outcome(person.runs(text, channel))
        return {"ok": True, "ts": person.says(channel, text, thread_ts).ts}

    @app.post("/control/edit", dependencies=guard)
    def edit(fields: Fields) -> JSON:
        person = control.person(fields)
        message = control.message(person, fields)
        if message.user != person.id:
            raise SlackError("cant_update_message")
        return {"ok": True, "ts": person.edits(message, str(fields.get("text", ""))).ts}

    @app.post("/control/delete", dependencies=guard)
    def delete(fields: Fields) -> JSON:
        person = control.person(fields)
        message = control.message(person, fields)
        if message.user != person.id:
            raise SlackError("cant_delete_message")
        person.deletes(message)
        return {"ok": True}

    @app.post("/control/react", dependencies=guard)
    def react(fields: Fields) -> JSON:
        person = control.person(fields)
        message = control.message(person, fields)
        name = str(fields.get("name", ""))
        given = dict(message.reactions).get(name, ())
        (person.unreacts if person.id in given else person.reacts)(message, name)
        return {"ok": True}

    @app.post("/control/upload", dependencies=guard)
    def upload(fields: Fields) -> JSON:
        message = control.person(fields).uploads(
            str(fields.get("channel", "")),
            str(fields.get("filename", "snippet.txt")),
            str(fields.get("content", "")),
            str(fields.get("text", "")),
            fields.get("thread_ts") or None,
        )
        return {"ok": True, "ts": message.ts}

    @app.post("/control/click", dependencies=guard)
    def click(fields: Fields) -> JSON:
        person, wanted = control.person(fields), str(fields.get("action", ""))
        option = fields.get("option")
        if fields.get("view_id"):
            return control.outcome(person.clicks_in(control.view(person, fields), wanted, option))
        return control.outcome(person.clicks(control.message(person, fields), wanted, option))

    @app.post("/control/submit", dependencies=guard)
    def submit(fields: Fields) -> JSON:
        person = control.person(fields)
        view = control.view(person, fields)
        values = fields.get("values") or {}
        return control.outcome(interactivity.submit(core, person.user, view, values))

    @app.post("/control/close", dependencies=guard)
    def close(fields: Fields) -> JSON:
        person = control.person(fields)
        return control.outcome(interactivity.close(core, person.user, control.view(person, fields)))

    @app.post("/control/home", dependencies=guard)
    def home(fields: Fields) -> JSON:
        control.person(fields).opens_home(str(fields.get("tab", "home")))
        return {"ok": True}

    @app.post("/control/assistant", dependencies=guard)
    def assistant(fields: Fields) -> JSON:
        if core.agent_view:
            raise SlackError("method_not_supported")
        beside = str(fields.get("beside", "")) or None
        root = control.person(fields).opens_assistant(beside)
        return {"ok": True, "channel": root.channel, "ts": root.ts}

    @app.post("/control/faults", dependencies=guard)
    def trouble(fields: Fields) -> JSON:
        switch_fault(core.faults, fields)
        return {"ok": True, "faults": core.faults.json()}

    @app.post("/control/demo/{button_id}", dependencies=guard)
    def press(button_id: str) -> JSON:
        button = control.demo_buttons.get(button_id)
        if button is None:
            raise HTTPException(404, "no such button")
        button.callback()
        return {"ok": True}


def switch_fault(target: faults.Faults, fields: JSON) -> None:
    """Switch on what `do` names: a fault's kind, `disconnect`, `drop`, `set` or `clear`."""
    do = str(fields.get("do", ""))
    if do in faults.KINDS:
        kind = next(kind for kind in faults.KINDS if kind == do)
        target.add(
            faults.Fault(
                str(fields.get("method", "*")),
                kind,
                int(fields.get("calls", 1)),
                int(fields.get("retry_after", 1)),
                str(fields.get("code", "fatal_error")),
            )
        )
    elif do == "disconnect":
        target.disconnect_sockets(str(fields.get("reason", "refresh_requested")))
    elif do == "drop":
        target.drop_sockets()
    elif do == "set":
        names = ("deaf", "mute_pings", "refuse_connections")
        target.set(**{name: bool(fields[name]) for name in names if name in fields})
    elif do == "clear":
        target.clear()
    else:
        raise SlackError("invalid_arguments")
