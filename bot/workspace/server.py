"""A whole workspace in one object: start it, give its tokens to the bot, talk to the bot."""

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self, TypeVar

import uvicorn
from fastapi import FastAPI

from bot.workspace import control, page, routes
from bot.workspace.core import DEFAULT_SCOPES, Core, Credentials
from bot.workspace.delivery import Deliveries, Delivery
from bot.workspace.driver import OtherApp, Person
from bot.workspace.faults import Faults
from bot.workspace.grants import Grants
from bot.workspace.http_events import HttpEvents, address
from bot.workspace.model import Channel, Message, User
from bot.workspace.socket_mode import SocketMode, websocket_protocol
from bot.workspace.state import State

T = TypeVar("T")
_START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Room:
    """A channel to begin with. `members` are names; None stands for every person.

    The bot is a member too unless `bot` says otherwise.
    """

    name: str
    private: bool = False
    bot: bool = True
    members: tuple[str, ...] | None = None
    shared: bool = False
    topic: str = ""


class LocalWorkspace:
    """A Slack-compatible workspace on the loopback interface.

    Use it as a context manager, or call `start` and `stop`. `users` and `channels` are names
    (or `Room`s); port 0 takes a free one. With `request_url` payloads go there as signed HTTP
    requests, otherwise over Socket Mode. `events` limits what the app is subscribed to.
    Raises ValueError for a host that is not loopback.
    """

    def __init__(
        self,
        *,
        team_id: str = "T0LARKSPUR",
        team_name: str = "Larkspur",
        users: Iterable[str] = ("alice", "bob"),
        channels: Iterable[str | Room] = ("general", "incidents"),
        bot_name: str = "recall",
        host: str = "127.0.0.1",
        port: int = 0,
        request_url: str | None = None,
        scopes: Iterable[str] = DEFAULT_SCOPES,
        events: Iterable[str] | None = None,
        clock: Callable[[], float] = time.time,
        ack_timeout: float = 3.0,
        retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0),
        demo_buttons: Iterable[control.DemoButton] = (),
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the local workspace only listens on loopback, not on {host}")
        if request_url is not None:
            address(request_url)
        self._host, self._port = host, port
        self._request_url = request_url
        state = State(team_id=team_id, team_name=team_name, bot_name=bot_name, clock=clock)
        self.faults = Faults(on_change=state.touch)
        self._core = Core(
            state=state,
            deliveries=Deliveries(
                clock=clock,
                on_change=state.touch,
                ack_timeout=ack_timeout,
                retry_delays=retry_delays,
            ),
            grants=Grants(clock),
            faults=self.faults,
            credentials=Credentials(scopes=frozenset(scopes)),
            events=frozenset(events) if events is not None else None,
        )
        for name in users:
            state.add_user(name)
        for room in channels:
            self.add_channel(room if isinstance(room, Room) else Room(room))
        state.emit = self._core.emit
        self._socket_mode = SocketMode(self._core)
        self._http: HttpEvents | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.control = control.Control(self._core, self._socket_mode, demo_buttons)
        self.app = self._build()

    def _build(self) -> FastAPI:
        app = FastAPI(title="Local workspace", docs_url=None, redoc_url=None, openapi_url=None)
        routes.add_routes(app, self._core, self._socket_mode)
        control.add_routes(app, self.control)
        page.add_routes(app, self.control)
        return app

    # -- addresses and tokens -----------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The page's address, without a slash at the end."""
        return self._core.state.base_url

    @property
    def api_url(self) -> str:
        """What the bot takes as SLACK_API_URL."""
        return f"{self.base_url}/api/"

    @property
    def bot_token(self) -> str:
        """What the bot takes as SLACK_BOT_TOKEN."""
        return self._core.credentials.bot_token

    @property
    def app_token(self) -> str:
        """What the bot takes as SLACK_APP_TOKEN (Socket Mode)."""
        return self._core.credentials.app_token

    @property
    def signing_secret(self) -> str:
        """What the bot takes as SLACK_SIGNING_SECRET (HTTP mode)."""
        return self._core.credentials.signing_secret

    @property
    def team_id(self) -> str:
        """The workspace's team id."""
        return self._core.state.team_id

    @property
    def bot(self) -> User:
        """The bot's user."""
        return self._core.state.bot

    # -- life ---------------------------------------------------------------------------

    def start(self) -> Self:
        """Listen and serve in a thread; returns when requests are answered."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
        except OSError:
            listener.close()
            raise
        self._port = listener.getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._core.state.base_url = f"http://{host}:{self._port}"
        config = uvicorn.Config(
            self.app,
            log_level="warning",
            log_config=None,
            access_log=False,
            ws=websocket_protocol(self._core),
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener, ready), name="local-workspace", daemon=True
        )
        self._thread.start()
        if not ready.wait(_START_SECONDS):
            self.stop()
            raise RuntimeError("the local workspace did not start")
        return self

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        async def serve() -> None:
            assert self._server is not None
            loop = self._loop = asyncio.get_running_loop()
            self._wire(loop)
            task = asyncio.create_task(self._server.serve(sockets=[listener]))
            while not self._server.started and not task.done():
                await asyncio.sleep(0.005)
            ready.set()
            try:
                await task
            finally:
                self._core.deliveries.detach()
                if self._http is not None:
                    self._http.close()

        asyncio.run(serve())

    def _wire(self, loop: asyncio.AbstractEventLoop) -> None:
        core = self._core
        self.control.attach(loop)
        self.faults.disconnect = lambda reason: self._on_loop(self._socket_mode.disconnect, reason)
        self.faults.drop = lambda: self._on_loop(self._socket_mode.drop)
        if self._request_url is not None:
            self._http = HttpEvents(
                self._request_url,
                deliveries=core.deliveries,
                signing_secret=core.credentials.signing_secret,
                clock=core.state.clock,
                loop=loop,
                timeout=core.deliveries.ack_timeout,
            )
        core.deliveries.attach(loop, self._http or self._socket_mode)

    def _on_loop(self, what: Callable[..., None], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)

    def stop(self) -> None:
        """Stop serving; may be called again."""
        if self._server is not None:
            self.control.close()
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._server = self._thread = self._loop = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- people and places --------------------------------------------------------------

    def user(self, name: str) -> Person:
        """The person with this name or id."""
        return Person(self._core, self._core.state.user_named(name))

    def add_user(self, name: str, *, guest: bool = False) -> Person:
        """One more person, a member of no channel yet."""
        with self._core.state.changed:
            return Person(self._core, self._core.state.add_user(name, guest=guest))

    def other_app(self, name: str) -> OtherApp:
        """Another app by its name, installed on first use."""
        with self._core.state.changed:
            known = [user for user in self._core.state.users.values() if user.name == name]
            user = known[0] if known else self._core.state.add_user(name, bot=True)
            return OtherApp(self._core, user)

    def add_channel(self, room: Room) -> Channel:
        """Set up a channel without telling the app (see Person.creates_channel for that)."""
        state = self._core.state
        with state.changed:
            people = [user.id for user in state.users.values() if not user.is_bot]
            members = (
                people
                if room.members is None
                else [state.user_named(name).id for name in room.members]
            )
            if room.bot:
                members = [*members, state.bot.id]
            kind = "group" if room.private else "channel"
            channel = state.add_channel(
                room.name,
                "group" if kind == "group" else "channel",
                members[0] if members else state.bot.id,
                members,
                shared=room.shared,
            )
            channel.topic = room.topic
            return channel

    def channel_id(self, name: str) -> str:
        """The id of a channel by its name."""
        return self._core.state.channel_named(name).id

    # -- looking ------------------------------------------------------------------------

    def messages(self, channel: str) -> list[Message]:
        """What stands in a channel, oldest first, replies left out."""
        with self._core.state.changed:
            place = self._core.state.channel_named(channel)
            return [m for m in place.messages.values() if not m.is_reply or m.broadcast]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """A message and its replies, oldest first."""
        with self._core.state.changed:
            return list(self._core.state.channel_named(channel).thread(ts))

    def message(self, channel: str, ts: str) -> Message:
        """The message as it is now. Raises SlackError (message_not_found)."""
        with self._core.state.changed:
            return self._core.state.message(self._core.state.channel_named(channel), ts)

    def direct_messages(self, user: str) -> list[Message]:
        """The conversation of a person with the bot, oldest first."""
        state = self._core.state
        with state.changed:
            place = state.direct(state.user_named(user).id, state.bot.id)
            return list(place.messages.values())

    def ephemeral(self, channel: str, user: str) -> list[Message]:
        """What only this person sees in a channel, oldest first."""
        state = self._core.state
        with state.changed:
            reader = state.user_named(user).id
            place = state.channel_named(channel)
            return [m for m in place.ephemeral.values() if m.ephemeral_to == reader]

    def pinned(self, channel: str) -> list[Message]:
        """The pinned messages of a channel."""
        with self._core.state.changed:
            place = self._core.state.channel_named(channel)
            return [place.messages[ts] for ts in place.pins]

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything sent to the app so far, with attempts and acknowledgements."""
        return list(self._core.deliveries.log)

    @property
    def connections(self) -> list[str]:
        """The app's open Socket Mode connections."""
        return self._socket_mode.connections

    # -- waiting ------------------------------------------------------------------------

    def wait_for(self, condition: Callable[[], T], timeout: float = 5.0) -> T:
        """Wait until `condition()` is true and give its value.

        It is looked at again after every change, not on a timer. Raises TimeoutError with
        what the channels show, after `timeout` seconds of real time.
        """
        state = self._core.state
        with state.changed:
            found = state.changed.wait_for(condition, timeout)
            if not found:
                raise TimeoutError(f"it did not happen within {timeout} s; {self.transcript()}")
            return found

    def wait_for_message(
        self,
        channel: str,
        containing: str = "",
        *,
        thread_ts: str | None = None,
        by_bot: bool = True,
        timeout: float = 5.0,
    ) -> Message:
        """The newest message (of the bot) whose text or blocks contain these words."""

        def found() -> Message | None:
            here = self.messages(channel) if thread_ts is None else self.thread(channel, thread_ts)
            for message in reversed(here):
                ours = not by_bot or message.user == self.bot.id
                if ours and containing in message.text + str(list(message.blocks)):
                    return message
            return None

        message = self.wait_for(found, timeout)
        assert message is not None  # wait_for gives only true values
        return message

    def wait_until_connected(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until the app has this many Socket Mode connections."""
        self.wait_for(lambda: len(self.connections) >= connections, timeout)

    def wait_until_acked(self, delivery: Delivery, timeout: float = 5.0) -> Delivery:
        """Wait until the app has acknowledged a delivery."""
        self.wait_for(lambda: delivery.acked, timeout)
        return delivery

    def transcript(self) -> str:
        """All channels as text, for error messages and the console."""
        state = self._core.state
        lines = []
        with state.changed:
            for channel in state.channels.values():
                lines.append(f"#{channel.name or channel.id}:")
                for message in channel.messages.values():
                    name = state.users[message.user].name
                    indent = "      " if message.is_reply else "  "
                    lines.append(f"{indent}{name}: {message.text[:200]}")
        return "\n".join(lines)

    def redeliver_last_event(self) -> Delivery:
        """Send the newest event once more, as Slack does now and then."""
        events = [d for d in self._core.deliveries.log if d.kind == "events_api"]
        if not events:
            raise LookupError("no event has been sent yet")
        self._core.deliveries.again(events[-1])
        return events[-1]
