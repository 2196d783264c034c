"""The secrets in force, as the front believes them: opened once, looked at again every moment."""

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta

from bot.clock import Clock
from bot.errors import DataError, Retryable, SettingsError
from bot.secrets.model import KeptSecrets
from bot.secrets.sealing import NotOpened, Sealing
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)

LONGEST = timedelta(seconds=2)
"""How long after a change another process may still believe what was before."""


class LiveSecrets:
    """Secrets that were written in the console, by source. Safe to use from several threads."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, sealing: Sealing) -> None:
        self._units = units
        self._clock = clock
        self._sealing = sealing
        self._lock = threading.Lock()
        self._opened: Mapping[str, tuple[str, ...]] = {}
        self._kept: Mapping[str, KeptSecrets] = {}
        self._until: float | None = None

    @property
    def is_old(self) -> bool:
        """Whether `refresh` is to be called before `of`; it reads the database, so not on the
        event loop."""
        return self._until is None or self._clock.monotonic() >= self._until

    def forget(self) -> None:
        """Something was changed here: look at once."""
        self._until = None

    def refresh(self) -> None:
        """Read what is kept. While the database is away what is known stays: nothing can be taken
        in without it anyway."""
        with self._lock:
            if not self.is_old:
                return
            until = self._clock.monotonic() + LONGEST.total_seconds()
            try:
                with self._units.read() as uow:
                    kept = uow.secrets.everything()
            except Retryable as error:
                _log.warning("secrets of sources could not be looked at: %s", error)
            else:
                if kept != self._kept:
                    self._opened = self._open(kept)
                    self._kept = kept
            self._until = until

    def of(self, source: str) -> tuple[str, ...]:
        """As of the last `refresh`."""
        return self._opened.get(source, ())

    def _open(self, kept: Mapping[str, KeptSecrets]) -> dict[str, tuple[str, ...]]:
        """What no key opens is as if it were not there: its source is closed, and the log says
        why."""
        if not any(one.secrets for one in kept.values()):
            return {}
        try:
            sealer = self._sealing()
        except (SettingsError, DataError) as error:
            _log.error("secrets that were written in the console cannot be opened: %s", error)
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for name, one in kept.items():
            opened = []
            for secret in one.secrets:
                try:
                    opened.append(sealer.open(name, secret.sealed))
                except NotOpened as error:
                    _log.error("%s: set RECALL_SECRET_KEY, or write them anew", error)
            found[name] = tuple(opened)
        return found
