"""A whole workspace in one object: start it, give its tokens to the bot, talk to the bot."""

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Self

import uvicorn
from fastapi import FastAPI

from bot.workspace import control, page, routes
from bot.workspace.core import DEFAULT_SCOPES, Core, Credentials
from bot.workspace.delivery import Deliveries
from bot.workspace.faults import Faults
from bot.workspace.grants import Grants
from bot.workspace.http_events import HttpEvents, address
from bot.workspace.lookout import Lookout, Room
from bot.workspace.pace import Pace
from bot.workspace.socket_mode import SocketMode, websocket_protocol
from bot.workspace.state import State

_START_SECONDS = 10.0


class LocalWorkspace(Lookout):
    """A Slack-compatible workspace on the loopback interface.

    Use it as a context manager, or call `start` and `stop`. `users` and `channels` are names
    (or `Room`s); port 0 takes a free one. With `request_url` payloads go there as signed HTTP
    requests, otherwise over Socket Mode. `events` limits what the app is subscribed to.
    `message_interval` answers 429 to an app that posts in one channel more often than every so
    many seconds (Slack: about 1).
    `agent_view` says which of Slack's two surfaces the app has: agent, or the older assistant pane.
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
        message_interval: float | None = None,
        agent_view: bool = True,
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
        core = Core(
            state=state,
            deliveries=Deliveries(
                clock=clock,
                on_change=state.touch,
                ack_timeout=ack_timeout,
                retry_delays=retry_delays,
            ),
            grants=Grants(clock),
            pace=Pace(clock, message_interval),
            faults=self.faults,
            credentials=Credentials(scopes=frozenset(scopes)),
            events=frozenset(events) if events is not None else None,
            agent_view=agent_view,
        )
        super().__init__(core, SocketMode(core))
        for name in users:
            state.add_user(name)
        for room in channels:
            self.add_channel(room if isinstance(room, Room) else Room(room))
        state.emit = core.emit
        self._http: HttpEvents | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.control = control.Control(core, self._socket_mode, demo_buttons)
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
    def page_url(self) -> str:
        """The address to open in a browser."""
        return f"{self.base_url}/"

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
    def control_token(self) -> str:
        """What another process sends as X-Control-Token to the control API."""
        return self.control.token

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
            self._http = self._http_events(self._request_url, loop)
        core.deliveries.attach(loop, self._http or self._socket_mode)

    def _http_events(self, url: str, loop: asyncio.AbstractEventLoop) -> HttpEvents:
        return HttpEvents(
            url,
            deliveries=self._core.deliveries,
            signing_secret=self._core.credentials.signing_secret,
            clock=self._core.state.clock,
            loop=loop,
            timeout=self._core.deliveries.ack_timeout,
        )

    def use_http(self, request_url: str) -> None:
        """Send payloads to this address from now on, if it passes Slack's URL verification.

        For a bot that can only be started once the workspace's own address is known. Raises
        ValueError for an address beyond this machine or one that does not echo the challenge,
        RuntimeError when the workspace is not running, OSError when nobody answers there.
        """
        if self._loop is None:
            raise RuntimeError("the workspace is not running")
        transport = self._http_events(request_url, self._loop)
        if not transport.verify_url():
            transport.close()
            raise ValueError("the request URL did not answer the challenge of url_verification")
        if self._http is not None:
            self._http.close()
        self._request_url, self._http = request_url, transport
        self._core.deliveries.attach(self._loop, transport)

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
