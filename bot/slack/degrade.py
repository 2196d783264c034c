"""Calls that a feature can do without: tried, else left out.

What a workspace does not have (`unknown_method`) or did not allow (`missing_scope`) is said once in
the log, and can be remembered for a while instead of being asked for again and again.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from bot.clock import Clock
from bot.errors import ChatRefused, ChatUnavailable
from bot.slack.calling import api_call

_log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 3_600.0
_NOT_THERE = ("unknown_method", "missing_scope", "not_allowed_token_type", "feature_not_enabled")
T = TypeVar("T")


class OptionalCalls:
    """Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._told: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def ask(self, feature: str, call: Callable[[], T], otherwise: T) -> T:
        """What `call` gives; `otherwise` where Slack refuses it for good, which is told once a
        feature and reason. ChatUnavailable comes through: it may be asked again."""
        try:
            return call()
        except ChatRefused as error:
            self._refused(feature, error)
            return otherwise

    def call(
        self, feature: str, method: str, call: Callable[..., Any], **arguments: Any
    ) -> dict[str, Any] | None:
        """The body of the answer, None where Slack refuses; as `ask`."""
        return self.ask(feature, lambda: api_call(method, call, **arguments), None)

    def attempt(
        self, feature: str, method: str, call: Callable[..., Any], **arguments: Any
    ) -> dict[str, Any] | None:
        """As `call`, for what must never stand in the way: None where it could not be had, for
        whatever reason, and what is not there is not asked for again for an hour."""
        with self._lock:
            if self._clock.monotonic() < self._until.get(method, 0.0):
                return None
        try:
            return api_call(method, call, **arguments)
        except ChatRefused as error:
            self._refused(feature, error)
            if error.code in _NOT_THERE:
                with self._lock:
                    self._until[method] = self._clock.monotonic() + REMEMBERED_SECONDS
        except ChatUnavailable as error:
            _log.info("%s is left out for now: %s", feature, error)
        return None

    def _refused(self, feature: str, error: ChatRefused) -> None:
        with self._lock:
            is_news = (feature, error.code) not in self._told
            self._told.add((feature, error.code))
        if is_news:
            _log.warning("%s is left out: %s", feature, error)
