"""How often somebody may guess. In memory: each replica counts its own, which is enough to make
guessing 256 bits no faster anywhere."""

import threading
from collections import deque
from datetime import datetime, timedelta

_MOST_ADDRESSES = 10_000


class Attempts:
    """At most `most` failures an address within a time. Safe for several threads."""

    def __init__(self, *, most: int, within: timedelta) -> None:
        self._most = most
        self._within = within
        self._failed: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def may_try(self, address: str, now: datetime) -> bool:
        with self._lock:
            failed = self._failed.get(address)
            if failed is None:
                return True
            while failed and now - failed[0] >= self._within:
                failed.popleft()
            if not failed:
                del self._failed[address]
            return len(failed) < self._most

    def failed(self, address: str, now: datetime) -> None:
        with self._lock:
            if address not in self._failed and len(self._failed) >= _MOST_ADDRESSES:
                # Full of guesses from everywhere: the oldest makes room.
                self._failed.pop(next(iter(self._failed)))
            self._failed.setdefault(address, deque(maxlen=self._most)).append(now)
