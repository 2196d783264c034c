"""One call of a Web API method: who calls, with which arguments, however they were encoded."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from bot.workspace.core import Core
from bot.workspace.errors import SlackError, invalid
from bot.workspace.model import JSON, Channel, User
from bot.workspace.state import State

TokenKind = Literal["bot", "app"]
_PAGE = 100
_TRUE = ("true", "1", "yes", "True")


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of a call with what handlers need to answer it."""

    core: Core
    args: JSON
    scopes: frozenset[str]

    @property
    def state(self) -> State:
        """The workspace's memory."""
        return self.core.state

    @property
    def bot(self) -> User:
        """The bot user that calls."""
        return self.core.state.bot

    def text(self, name: str, default: str = "") -> str:
        """A string argument; numbers are taken as their digits."""
        value = self.args.get(name)
        if value is None:
            return default
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
        raise invalid("invalid_arguments", f"must be a string [json-pointer:/{name}]")

    def required(self, name: str, code: str = "invalid_arguments") -> str:
        """A string argument that must not be empty; refused with `code` otherwise."""
        value = self.text(name)
        if not value:
            raise invalid(code, f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean argument, as JSON or as the words forms use."""
        value = self.args.get(name)
        if value is None or value == "":
            return default
        return value if isinstance(value, bool) else str(value) in _TRUE

    def number(self, name: str, default: int, most: int) -> int:
        """An integer argument between 1 and `most`."""
        value = self.args.get(name)
        if value in (None, ""):
            return default
        try:
            number = int(str(value))
        except ValueError:
            raise SlackError("invalid_arguments") from None
        if number < 1:
            raise SlackError("invalid_limit")
        return min(number, most)

    def json(self, name: str, code: str = "invalid_arguments") -> Any:
        """A structured argument: JSON itself, or JSON in a string as forms carry it."""
        value = self.args.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise SlackError(code) from None

    def objects(self, name: str, code: str) -> list[JSON] | None:
        """A list of objects; None when the argument is absent."""
        value = self.json(name, code)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise SlackError(code)
        return value

    def channel(self, *, member: bool = False) -> Channel:
        """The channel in `channel`, which must be an id.

        `member` also asks that the bot is in it: `not_in_channel` otherwise.
        """
        channel = self.state.channel(
            self.required("channel", "channel_not_found"), viewer=self.bot.id
        )
        if member and self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def page(
        self, items: list[Any], *, default: int = _PAGE, most: int = 1000
    ) -> tuple[list[Any], JSON]:
        """One page of `items` by `cursor` and `limit`, and the response_metadata."""
        limit = self.number("limit", default, most)
        start = _offset(self.text("cursor"), len(items))
        end = start + limit
        cursor = f"next:{end}" if end < len(items) else ""
        return items[start:end], {"next_cursor": cursor}


def _offset(cursor: str, total: int) -> int:
    if not cursor:
        return 0
    kind, _, number = cursor.partition(":")
    if kind != "next" or not number.isdigit() or int(number) > total:
        raise SlackError("invalid_cursor")
    return int(number)
