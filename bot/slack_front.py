"""The front's side of Slack, put together: what comes in, over Socket Mode or HTTP."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from bot.channels.model import Mode
from bot.clock import Clock
from bot.engine.ports import EngineClient
from bot.jobs.inbox_writer import InboxWriter
from bot.settings import Settings
from bot.slack.app import build_app
from bot.slack.connect import web_client
from bot.slack.hearing import Hearing
from bot.slack.http import SlackHttp
from bot.slack.socket import SocketRunner
from bot.slack.wanted import RoomWants
from bot.uow import UnitOfWorkFactory
from bot.web.deps import SlackProbe
from bot.web.slack_events import slack_router

if TYPE_CHECKING:
    from fastapi import APIRouter

INTERACTION_SECONDS = 2.6
"""How long Slack's question waits for the engine; Slack itself waits 3 seconds."""


def open_front_slack(
    settings: Settings,
    units: UnitOfWorkFactory,
    inbox: InboxWriter,
    engine: EngineClient,
    clock: Clock,
    opened: ExitStack,
) -> "tuple[SlackProbe, list[APIRouter]]":
    """Slack's side of the front: the probe for /healthz, and routers for HTTP mode."""

    def client(token: str) -> Any:
        return web_client(
            token,
            base_url=settings.slack_api_url,
            proxy=settings.https_proxy,
            ca_bundle=settings.ca_bundle,
        )

    assert settings.slack_bot_token is not None
    secret = settings.slack_signing_secret
    signing_secret = secret.get_secret_value() if secret is not None else None
    bot_client = client(settings.slack_bot_token.get_secret_value())

    def interact(body: Mapping[str, Any]) -> Mapping[str, Any]:
        return engine.interact(body, INTERACTION_SECONDS)

    also = RoomWants(units, settings.incident_channel_pattern, Mode(settings.rollout))
    app = build_app(bot_client, inbox, clock, interact, signing_secret=signing_secret, also=also)
    if settings.slack_app_token is None:
        router = slack_router(SlackHttp(app, signing_secret), settings.max_body_bytes)
        listening = Hearing(units, clock, clock.now)
        listening.start()
        opened.callback(listening.stop)
        return lambda: {"mode": "http", "ok": True}, [router]
    runner = SocketRunner(
        app,
        client(settings.slack_app_token.get_secret_value()),
        clock,
        on_change=lambda up: hearing.look(),
        on_lost=lambda: hearing.lost(),
    )
    hearing = Hearing.over(units, clock, runner)
    runner.start()
    opened.callback(runner.stop)
    hearing.start()
    opened.callback(hearing.stop)

    def probe() -> Mapping[str, object]:
        state = runner.state()
        return {"mode": "socket", "ok": bool(state["connected"]), **state}

    return probe, []
