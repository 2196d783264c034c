"""What one person is told in private of a request: who may approve it, that it waits; who asked
for it, that it was turned down or is to be changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.actions.model import ActionRequest, RequestState
from bot.actions.output import is_long
from bot.chat.messages import ActionCard
from bot.uow import UnitOfWork

NOTICE = "action_notice"
"""The kind of the job that tells one person; its key names request, user and word."""
OUTPUT = "action_output"
"""The kind of the job that puts a long output beside the message, as a file."""
FILE_PREFIX = "action-file:"
"""The outbox key of an output is this and the file's name, by which it is found again."""
MOST = 20
"""People that are told of one request."""


def direct_key(request: ActionRequest, user: str) -> str:
    """The outbox key of the message that one approver has of a request."""
    return f"{request.message_key}@{user}"


def in_private(card: ActionCard) -> ActionCard:
    """The card as an approver has it: without what it prints, which belongs where it was asked."""
    return card.model_copy(update={"people": (), "output": ""})


def follow(
    uow: UnitOfWork,
    request: ActionRequest,
    card: ActionCard,
    approvers: Sequence[str],
    now: datetime,
) -> None:
    """Have approvers told while it waits, and what they were told follow it from then on."""
    for user in approvers[:MOST]:
        if request.state is RequestState.AWAITING_APPROVAL:
            _add(uow, request, user, "", {}, now)
        uow.outbox.update_if_posted(direct_key(request, user), in_private(card), now)
    if request.ran_at is not None and request.holder is None and is_long(card.output):
        payload: dict[str, Any] = {"request": request.id}
        uow.jobs.add(f"{OUTPUT}:{request.key}", OUTPUT, payload, now)


def tell_requester(uow: UnitOfWork, request: ActionRequest, text: str, now: datetime) -> None:
    """Have whoever asked for it told a sentence, once a state."""
    user = request.requested_by.rpartition("/")[2]
    _add(uow, request, user, request.state.value, {"text": text}, now)


def _add(
    uow: UnitOfWork,
    request: ActionRequest,
    user: str,
    word: str,
    more: dict[str, Any],
    now: datetime,
) -> None:
    key = ":".join(part for part in (NOTICE, request.key, user, word) if part)
    uow.jobs.add(key, NOTICE, {"request": request.id, "user": user, "word": word, **more}, now)
