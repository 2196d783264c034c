"""Holding on to a request while it runs: the lease is renewed, and cancelling is noticed."""

import logging
import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from bot.clock import Clock
from bot.errors import Retryable
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)


class Hold:
    """Use as a context manager around the side effect. `cancelled` turns true when somebody
    asked to stop it, or when the lease was lost: a human has been asked by then."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        request_id: int,
        holder: str,
        lease_seconds: float,
    ) -> None:
        self._units = units
        self._clock = clock
        self._request_id = request_id
        self._holder = holder
        self._lease = lease_seconds
        self._over = threading.Event()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(10)

    def _keep(self) -> None:
        while not self._over.wait(min(1.0, self._lease / 5)):
            try:
                self.renew()
            except Retryable as error:
                _log.warning("the lease of a running action could not be renewed: %s", error)

    def renew(self) -> None:
        until = self._clock.now() + timedelta(seconds=self._lease)
        with self._units.begin() as uow:
            said = uow.actions.renew(self._request_id, self._holder, until)
        if said is None or said:
            self._cancelled.set()
