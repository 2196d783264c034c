"""The jobs that tell one person of a request in private, and put a long output beside it.

Both are safe to be done twice: each says one thing under one key.
"""

from collections.abc import Callable
from datetime import datetime

from bot.actions.book import ActionBook
from bot.actions.model import ActionRequest, RequestState
from bot.actions.notices import FILE_PREFIX, direct_key, in_private
from bot.actions.output import is_long
from bot.chat.messages import AnyMessage, Notice, OutputFile
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import ChatUnavailable
from bot.jobs.ports import Job
from bot.uow import UnitOfWork, UnitOfWorkFactory


class ActionTelling:
    """`direct` gives the direct messages with a person of a team, None where there are none; it
    may raise ChatUnavailable, and then the job runs again later."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        book: ActionBook,
        direct: Callable[[str, str], Destination | None],
        clock: Clock,
    ) -> None:
        self._units = units
        self._book = book
        self._direct = direct
        self._clock = clock

    def tell(self, job: Job) -> None:
        """One person, once. An approver is told nothing of what is decided by now, nor of an
        incident that not everyone may see: there the message in its channel has to do."""
        request_id, user = int(job.payload["request"]), str(job.payload["user"])
        with self._units.read() as uow:
            request = uow.actions.get(request_id)
            if request is None or not self._may_be_told(uow, request, job, self._clock.now()):
                return
        to = self._direct(request.team_id, user)
        if to is None:
            return
        with self._units.begin() as uow:
            now = self._clock.now()
            current = uow.actions.hold(request_id)
            if current is None or not self._may_be_told(uow, current, job, now):
                return
            word = str(job.payload["word"])
            if word:
                key = f"action-word:{current.key}:{word}"
                uow.outbox.put(key, to, Notice(text=str(job.payload["text"])), now)
                return
            card: AnyMessage = in_private(self._book.card(uow, current, now))
            uow.outbox.put(direct_key(current, user), to, card, now)

    def _may_be_told(
        self, uow: UnitOfWork, request: ActionRequest, job: Job, now: datetime
    ) -> bool:
        user = str(job.payload["user"])
        if job.payload["word"]:
            # Whoever asked for it knows of it; what is no person of the platform has no messages.
            return user.isalnum()
        number = request.incident_id
        incident = uow.incidents.get(number) if number is not None else None
        return (
            request.state is RequestState.AWAITING_APPROVAL
            and user in self._book.approver_ids(uow, request, now)
            and (incident is None or incident.visibility.is_everyone)
        )

    def attach(self, job: Job) -> None:
        """All that the last run printed, redacted as it is kept, in the thread of the message.
        Raises ChatUnavailable while that is not posted."""
        with self._units.begin() as uow:
            request = uow.actions.get(int(job.payload["request"]))
            if request is None:
                return
            runs = [one for one in uow.actions.executions(request.id) if one.kind == "run"]
            there = uow.outbox.destination(request.message_key)
            if not runs or there is None or not is_long(runs[-1].output):
                return
            to, ref = there
            if ref is None:
                raise ChatUnavailable(f"the message of {request.key} is not posted yet")
            name = f"{request.key}-output-{runs[-1].attempt}.txt"
            message = OutputFile(
                name=name,
                title=f"{request.key}: all that it printed",
                text=runs[-1].output,
            )
            place = Destination(to.team_id, to.channel, to.thread or ref)
            uow.outbox.put(f"{FILE_PREFIX}{name}", place, message, self._clock.now())
