"""What the front asks in the name of a personal token's owner, as calls over the socket."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.actions.by_token import ByToken, Outcome, TokenWish
from bot.errors import ChatUnavailable, EngineUnavailable

AWAY = "away"
"""What came of it where the chat platform does not answer: nothing."""


def away(why: str) -> dict[str, Any]:
    """The outcome's fields where nothing could be done now."""
    return {"came": AWAY, "number": 0, "problems": {}, "refused": why, "shown": {}}


class TokenCalls:
    """`call` takes {"do": "look" | "ask" | "withdraw" | "refuse", "token": ID, ...} and gives the
    outcome's fields. What people wrote is redacted as it is where it comes from the chat."""

    def __init__(self, by_token: ByToken, redact: Callable[[str], str]) -> None:
        self._by_token = by_token
        self._redact = redact

    def call(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises EngineUnavailable for a call that is none."""
        try:
            done = self._done(body)
        except ChatUnavailable as error:
            return away(f"the chat does not answer: {error}")
        return {
            "came": done.came.value,
            "number": done.number,
            "problems": dict(done.problems),
            "refused": done.refused,
            "shown": dict(done.shown),
        }

    def _done(self, body: Mapping[str, Any]) -> Outcome:
        token = int(body["token"])
        match body.get("do"):
            case "look":
                return self._by_token.look(token)
            case "ask":
                return self._by_token.ask(self._wish(token, body["wish"]))
            case "withdraw":
                return self._by_token.withdraw(token, int(body["number"]))
            case "refuse":
                return self._by_token.refuse_deed(token, int(body["number"]), str(body["deed"]))
            case other:
                raise EngineUnavailable(f"by a token nothing is called {other!r}")

    def _wish(self, token: int, wish: Mapping[str, Any]) -> TokenWish:
        return TokenWish(
            token_id=token,
            template=self._redact(str(wish["template"])),
            values={str(name): self._redact(str(value)) for name, value in wish["values"].items()},
            incident=self._redact(str(wish["incident"])),
            channel=str(wish["channel"]),
            reason=self._redact(str(wish["reason"])),
            seen=str(wish["seen"]),
            key=str(wish["key"]),
            only_preview=bool(wish["only_preview"]),
        )
