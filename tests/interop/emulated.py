"""emulate's Slack service with people in it, shaped like the local workspace where tests look.

What people do goes through its Web API with tokens of their own. What it cannot send by itself
(see test_differences) goes to the bot's request URL from here, signed as Slack signs.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import yaml
from slack_sdk import WebClient

from bot.slack.connect import web_client
from bot.workspace import choices, mrkdwn
from bot.workspace.http_events import sign
from bot.workspace.model import Message, User
from tests.interop.node import NodeProgram

MANIFEST = Path(__file__).parents[2] / "docs" / "slack-app-manifest.yaml"
BOT = "U0RECALL01"
BOT_TOKEN = "xoxb-emulated-bot"
WITNESS = "xoxb-emulated-witness"
APP = "A0RECALL01"
PEOPLE = ("alice", "bob")
CHANNELS = ("general", "incidents")


def manifest_scopes() -> list[str]:
    """The scopes that an installation from docs/ has: the bot gets no more here."""
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return list(manifest["oauth_config"]["scopes"]["bot"])


class EmulatedWorkspace:
    """A running emulate. `request_url` is where the bot takes signed requests, if it does."""

    signing_secret = "emulated-signing-secret"
    bot_token = BOT_TOKEN

    def __init__(self, request_url: str | None = None, scopes: list[str] | None = None) -> None:
        self._request_url = request_url
        self._scopes = manifest_scopes() if scopes is None else scopes
        self._last_event: bytes | None = None

    def __enter__(self) -> Self:
        self._program = NodeProgram("emulate.mjs")
        try:
            self._program.tell(self._seed())
            (started,) = self._program.wait_for(lambda line: "url" in line)
            self.api_url = f"{started['url']}/api/"
            self._settle_in()
        except BaseException:
            self._program.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._program.stop()

    def _seed(self) -> dict[str, Any]:
        app = {
            "client_id": "1.2",
            "client_secret": "emulated-client-secret",
            "app_id": APP,
            "name": "Recall",
            "redirect_uris": [],
            "scopes": self._scopes,
            "bot_id": "B0RECALL01",
            "bot_user_id": BOT,
            "bot_name": "recall",
        }
        bot = {"user": BOT, "app_id": APP, "bot_id": "B0RECALL01"}
        tokens = [
            {"token": BOT_TOKEN, "scopes": self._scopes, **bot},
            {"token": WITNESS, **bot},
            *({"token": f"xoxp-emulated-{name}", "user": name} for name in PEOPLE),
        ]
        return {
            "slack": {
                "team": {"name": "Larkspur", "domain": "larkspur"},
                "strict_scopes": True,
                "signing_secret": self.signing_secret,
                "users": [{"name": name} for name in PEOPLE],
                "channels": [{"name": name} for name in CHANNELS],
                "oauth_apps": [app],
                "tokens": tokens,
            }
        }

    def _settle_in(self) -> None:
        self._reader = self.client(WITNESS)
        self.team_id = str(self._reader.auth_test()["team_id"])
        listed = self._reader.users_list()["members"]
        self._ids = {user["name"]: user["id"] for user in listed}
        rooms = self._reader.conversations_list(types="public_channel")["channels"]
        self._channels = {room["name"]: room["id"] for room in rooms}
        inviter = self.client(f"xoxp-emulated-{PEOPLE[0]}")
        inviter.conversations_invite(channel=self._channels["incidents"], users=BOT)
        self.bot = User(BOT, self.team_id, "recall", "Recall", "", bot_id="B0RECALL01")

    def client(self, token: str) -> WebClient:
        """The Web API as the holder of this token uses it."""
        return web_client(token, base_url=self.api_url)

    # -- looking ------------------------------------------------------------------------

    def channel_id(self, name: str) -> str:
        return self._channels.get(name.removeprefix("#"), name)

    def user(self, name: str) -> "EmulatedPerson":
        return EmulatedPerson(self, name, self._ids[name])

    def messages(self, channel: str) -> list[Message]:
        where = self.channel_id(channel)
        found = self._reader.conversations_history(channel=where, limit=1000)["messages"]
        return [self.message_of(where, one) for one in reversed(found)]

    def thread(self, channel: str, ts: str) -> list[Message]:
        where = self.channel_id(channel)
        found = self._reader.conversations_replies(channel=where, ts=ts)["messages"]
        return [self.message_of(where, one) for one in found]

    def message_of(self, channel: str, body: dict[str, Any]) -> Message:
        """A message of the Web API as the local workspace's tests know it."""
        edited = body.get("edited")
        return Message(
            channel=channel,
            ts=body["ts"],
            user=body["user"],
            team_id=self.team_id,
            text=body.get("text", ""),
            blocks=tuple(body.get("blocks") or ()),
            thread_ts=body.get("thread_ts"),
            metadata=body.get("metadata"),
            edited=(edited["user"], edited["ts"]) if edited else None,
        )

    def wait_for(self, condition: Callable[[], Any], timeout: float = 20.0) -> Any:
        pause, deadline = threading.Event(), time.monotonic() + timeout
        while not (found := condition()):
            assert time.monotonic() < deadline, "it did not happen in time"
            pause.wait(0.1)
        return found

    # -- what emulate does not send -------------------------------------------------------

    def sends_event(self, event: dict[str, Any]) -> None:
        """An event to the bot's request URL, wrapped and signed as by Slack."""
        body = {
            "type": "event_callback",
            "team_id": self.team_id,
            "api_app_id": APP,
            "event_id": f"Ev{uuid.uuid4().hex[:12].upper()}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": self.team_id, "user_id": BOT, "is_bot": True}],
            "event": event,
        }
        self._last_event = json.dumps(body).encode()
        self._sends(self._last_event, "application/json")

    def sends_interaction(self, payload: dict[str, Any]) -> None:
        """A click to the bot's request URL."""
        form = urlencode({"payload": json.dumps(payload)}).encode()
        self._sends(form, "application/x-www-form-urlencoded")

    def redeliver_last_event(self) -> None:
        assert self._last_event is not None
        retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
        self._sends(self._last_event, "application/json", retry)

    def _sends(self, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        if self._request_url is None:
            return  # nobody listens here, so people only speak
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self.signing_secret, stamp, body),
            **(more or {}),
        }
        with httpx.Client(trust_env=False) as client:
            answer = client.post(self._request_url, content=body, headers=headers, timeout=3.0)
        assert answer.status_code == 200, answer.text


class EmulatedPerson:
    """Somebody in the emulated workspace, by a token of their own."""

    def __init__(self, workspace: EmulatedWorkspace, name: str, user_id: str) -> None:
        self._workspace, self.name, self.id = workspace, name, user_id
        self._client = workspace.client(f"xoxp-emulated-{name}")

    def says(self, channel: str, text: str, thread_ts: str | None = None) -> Message:
        return self._post(self._workspace.channel_id(channel), mrkdwn.escape(text), thread_ts)

    def mentions_bot(self, channel: str, text: str, thread_ts: str | None = None) -> Message:
        wire = f"<@{BOT}> {mrkdwn.escape(text)}"
        said = self._post(self._workspace.channel_id(channel), wire, thread_ts)
        self._workspace.sends_event(self._event(said, type="app_mention"))
        return said

    def tells_bot(self, text: str) -> Message:
        opened = self._client.conversations_open(users=BOT)["channel"]["id"]
        return self._post(opened, mrkdwn.escape(text), None, channel_type="im")

    def _post(
        self, channel: str, wire: str, thread_ts: str | None, channel_type: str = "channel"
    ) -> Message:
        sent = self._client.chat_postMessage(channel=channel, text=wire, thread_ts=thread_ts)
        said = self._workspace.message_of(channel, sent["message"])
        self._workspace.sends_event(self._event(said, channel_type=channel_type))
        return said

    def _event(self, said: Message, **more: str) -> dict[str, Any]:
        return {**said.json(), "channel": said.channel, "event_ts": said.ts, **more}

    def clicks(self, message: Message, wanted: str, option: str | None = None) -> None:
        """Press what has these words on it in the message as it was seen."""
        block, element, chosen = choices.find(list(message.blocks), wanted, option)
        team = {"id": self._workspace.team_id, "domain": "larkspur"}
        container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
        self._workspace.sends_interaction(
            {
                "type": "block_actions",
                "user": {"id": self.id, "name": self.name, "team_id": team["id"]},
                "api_app_id": APP,
                "trigger_id": uuid.uuid4().hex,
                "team": team,
                "container": container,
                "channel": {"id": message.channel, "name": "channel"},
                "message": message.json(),
                "state": {"values": {}},
                "actions": [choices.action(block, element, chosen, f"{time.time():.6f}")],
            }
        )
