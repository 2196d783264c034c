"""Calls that make something nicer and must never stand in the way: tried, else left out.

What a workspace does not have (`unknown_method`) or did not allow (`missing_scope`) is
remembered for a while and said once in the log.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from bot.clock import Clock
from bot.errors import ChatRefused, ChatUnavailable
from bot.slack.client import api_call

_log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 3_600.0
_NOT_THERE = ("unknown_method", "missing_scope", "not_allowed_token_type", "feature_not_enabled")


class OptionalCalls:
    """Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def attempt(
        self, method: str, call: Callable[..., Any], **arguments: Any
    ) -> dict[str, Any] | None:
        """The body of the answer; None where it could not be had, for whatever reason."""
        with self._lock:
            if self._clock.monotonic() < self._until.get(method, 0.0):
                return None
        try:
            return api_call(method, call, **arguments)
        except ChatRefused as error:
            self._refused(method, error)
        except ChatUnavailable as error:
            _log.info("left out: %s", error)
        return None

    def _refused(self, method: str, error: ChatRefused) -> None:
        if error.code not in _NOT_THERE:
            _log.warning("left out: %s", error)
            return
        with self._lock:
            self._until[method] = self._clock.monotonic() + REMEMBERED_SECONDS
            is_news = method not in self._told
            self._told.add(method)
        if is_news:
            _log.warning("done without from now on: %s", error)
