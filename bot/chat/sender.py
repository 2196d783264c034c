"""The outbox sender: says what is to be said, in order, at the pace a channel bears."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import timedelta

from bot.chat.pacing import Pacing
from bot.chat.ports import Chat, Destination, PendingMessage
from bot.clock import Clock
from bot.errors import ChatRefused, ChatUnavailable, DatabaseBusy
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)

LEASE_SECONDS = 45.0
"""How long a killed sender's message waits for another sender. A message that takes longer (a
look-up through many pages) keeps its lease by `OutboxSender.renew`."""
LOOK_BACK_SECONDS = 60.0
"""How far the platform's clock may be behind ours when a lost message is looked for."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_POLL_SECONDS = 1.0
_ATTEMPTS_AT_A_BUG = 5


class OutboxSender:
    """Takes messages from the outbox and says them through `chat`.

    Each channel is spoken in by one thread at a time, in order (the outbox leases at most one
    message a channel). A message whose fate is unknown (a time-out, a crash) is looked for
    before it is said again. One that is refused is kept as refused and logged once. Up to
    `threads` channels are served side by side, so that one that hangs holds up no other.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        chat: Chat,
        clock: Clock,
        *,
        chance: random.Random | None = None,
        pacing: Pacing | None = None,
        threads: int = 4,
        on_refused: Callable[[Destination, ChatRefused], None] = lambda to, error: None,
    ) -> None:
        self._units = units
        self._chat = chat
        self._clock = clock
        self._on_refused = on_refused
        self._chance = chance if chance is not None else random.Random()
        self._pacing = pacing if pacing is not None else Pacing()
        self._held: list[tuple[float, PendingMessage]] = []
        self._in_hand: set[str] = set()
        self._changed = threading.Condition()
        self._told: dict[str, set[str]] = {}
        self._woken = 0
        self._stopping = False
        self._database_pause = _FIRST_PAUSE
        self._threads = [
            threading.Thread(target=self._run, name=f"sender-{number}", daemon=True)
            for number in range(threads)
        ]

    # -- life -----------------------------------------------------------------------------

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There may be something new to say."""
        with self._changed:
            self._woken += 1
            self._changed.notify_all()

    def stop(self, timeout: float = 15.0) -> None:
        """Let what is being said end; the rest is in the outbox and goes on next time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout)
        with self._changed:
            held, self._held = self._held, []
        try:
            for _, message in held:
                self._again(message, 0.0, "the sender was stopped")
        except DatabaseBusy as error:
            _log.warning("held messages wait for their leases to run out: %s", error)

    def _run(self) -> None:
        while True:
            with self._changed:
                seen = self._woken
            pause = _POLL_SECONDS
            try:
                self.run_once()
                self._database_pause = _FIRST_PAUSE
            except DatabaseBusy as error:
                pause = self._database_pause
                self._database_pause = min(pause * 2, _LONGEST_PAUSE)
                _log.warning(
                    "the sender cannot reach the outbox: %s; again in %.1f s", error, pause
                )
            except Exception:  # noqa: BLE001 - the thread must outlive a row it cannot read
                _log.exception("the sender failed; it goes on")
                pause = _LONGEST_PAUSE / 4
            with self._changed:
                if self._stopping:
                    return
                if self._woken == seen:
                    self._changed.wait(min(pause, self._next_due(pause)))
                if self._stopping:
                    return

    def _next_due(self, pause: float) -> float:
        now = self._clock.monotonic()
        return max(0.0, min((due - now for due, _ in self._held), default=pause))

    def renew(self) -> None:
        """Keep the leases of what is held back or being said; to be called well within a lease."""
        with self._changed:
            keys = sorted({*self._in_hand, *(message.key for _, message in self._held)})
        if keys:
            with self._units.begin() as uow:
                uow.outbox.renew(keys, self._clock.now(), LEASE_SECONDS)

    # -- work -----------------------------------------------------------------------------

    def run_once(self) -> int:
        """Say all that may be said now; returns how many messages were dealt with.

        Raises DatabaseBusy when the outbox cannot be read or written. What was said by then but
        not noted is found by its key after its lease, and not said again.
        """
        done = 0
        while not self._stopping and (message := self._next()) is not None:
            self._deal_with(message)
            done += 1
        return done

    def _next(self) -> PendingMessage | None:
        """A message that may be said now: one that was held back, or the next of the outbox."""
        while True:
            with self._changed:
                now = self._clock.monotonic()
                for entry in sorted(self._held, key=lambda held: held[0]):
                    if self._pacing.wait(entry[1].to.channel_key, now) <= 0:
                        self._held.remove(entry)
                        self._pacing.take(entry[1].to.channel_key, now)
                        return entry[1]
            with self._units.begin() as uow:
                claimed = uow.outbox.claim(self._clock.now(), LEASE_SECONDS, limit=1)
            if not claimed:
                return None
            message = claimed[0]
            with self._changed:
                now = self._clock.monotonic()
                wait = self._pacing.wait(message.to.channel_key, now)
                if wait <= 0:
                    self._pacing.take(message.to.channel_key, now)
                    return message
                if wait < LEASE_SECONDS / 2:
                    # Held here under its lease: its channel stays in order behind it.
                    self._held.append((now + wait, message))
                    continue
            self._again(message, wait, "the channel has to rest")

    def _deal_with(self, message: PendingMessage) -> None:
        with self._changed:
            self._in_hand.add(message.key)
        try:
            self._try_to_say(message)
        finally:
            with self._changed:
                self._in_hand.discard(message.key)

    def _try_to_say(self, message: PendingMessage) -> None:
        try:
            ref = self._say(message)
        except ChatUnavailable as error:
            pause = max(error.retry_after or 0.0, self._backoff(message.attempts))
            if error.retry_after is not None:
                now = self._clock.monotonic()
                with self._changed:
                    self._pacing.close(message.to.channel_key, now + error.retry_after, now)
            _log.info("%s: %s; again in %.1f s", message.key, error, pause)
            self._again(message, pause, str(error))
        except ChatRefused as error:
            self._tell_of_refusal(message, error)
            self._give_up(message, str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one message must not stop the others
            _log.exception("%s could not be said", message.key)
            if message.attempts < _ATTEMPTS_AT_A_BUG:
                self._again(message, self._backoff(message.attempts), repr(error))
            else:
                self._give_up(message, repr(error))
        else:
            with self._changed:
                self._told.pop(message.to.channel_key, None)
            with self._units.begin() as uow:
                uow.outbox.mark_sent(message.key, message.revision, ref, self._clock.now())

    def _tell_of_refusal(self, message: PendingMessage, error: ChatRefused) -> None:
        """One clear line a channel and reason, until something gets through there again: a
        hundred edits to an archived channel are one piece of news."""
        with self._changed:
            told = self._told.setdefault(message.to.channel_key, set())
            level = logging.DEBUG if error.code in told else logging.ERROR
            told.add(error.code)
        _log.log(level, "%s was not said in %s: %s", message.key, message.to.channel, error)
        self._on_refused(message.to, error)

    def _say(self, message: PendingMessage) -> str:
        ref = message.ref
        if ref is None and message.attempted_at is not None:
            ref = self._look_up(message)
        if ref is None:
            return self._chat.post(message.to, message.message, key=message.key)
        self._chat.update(message.to, ref, message.message, key=message.key)
        return ref

    def _look_up(self, message: PendingMessage) -> str | None:
        assert message.attempted_at is not None
        since = message.attempted_at - timedelta(seconds=LOOK_BACK_SECONDS)
        try:
            return self._chat.find(message.to, message.key, since)
        except ChatRefused as error:
            # Without the right to read the channel nobody can know; saying it twice is the
            # smaller harm, and if the channel is gone the post is refused as well.
            _log.warning("cannot look whether %s was said already: %s", message.key, error)
            return None

    def _backoff(self, attempts: int) -> float:
        """Seconds, doubling with each attempt, spread out so that channels do not move as one."""
        most = min(_FIRST_PAUSE * float(1 << min(attempts, 10)), _LONGEST_PAUSE)
        with self._changed:
            return most * self._chance.uniform(0.5, 1.0)

    def _give_up(self, message: PendingMessage, reason: str) -> None:
        with self._units.begin() as uow:
            uow.outbox.mark_refused(message.key, reason, self._clock.now())

    def _again(self, message: PendingMessage, pause: float, reason: str) -> None:
        with self._units.begin() as uow:
            later = self._clock.now() + timedelta(seconds=pause)
            uow.outbox.mark_retry(message.key, later, reason)
