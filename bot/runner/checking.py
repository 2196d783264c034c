"""The runner's own look at a request before it starts: it trusts nothing that it can compute."""

from datetime import datetime

from bot.actions.book import ActionBook
from bot.actions.digest import digest_of
from bot.actions.frozen import freeze
from bot.actions.model import ActionRequest, Phase, RequestState
from bot.actions.parameters import WrongValues
from bot.actions.policy import Deed, Deny, NeedsApprovals, decide
from bot.uow import UnitOfWork

CHANGED = "the template is not the one that was approved; ask for it again"


def why_not_run(
    uow: UnitOfWork, book: ActionBook, request: ActionRequest, now: datetime
) -> str | None:
    """Why it may not run now, in a sentence; None where it may.

    Looks again at the hash of the frozen copy, at the catalogue that this process read itself,
    at what the template gives today for the same parameters, and at the policy with the
    approvals on record and the roles that their givers hold now.
    """
    frozen = request.frozen
    if digest_of(frozen.model_dump(mode="json")) != request.digest:
        return "what is on record is not what was approved: its hash is another one"
    template = book.template_of(frozen)
    if template is None:
        return CHANGED
    try:
        again = freeze(
            book.catalogue,
            template,
            frozen.parameters,
            book.known,
            environment=frozen.environment,
            incident_key=frozen.incident_key,
        )
    except WrongValues as error:
        return f"its parameters are not valid any more: {'; '.join(error.problems.values())}"
    if again != frozen:
        return CHANGED
    requester = book.in_groups(
        uow, book.principal_of_key(request.requested_by, request.team_id), now
    )
    asked = book.asked(
        uow,
        Deed.RUN,
        template,
        frozen,
        requester,
        now,
        number=request.id,
        seen=request.digest,
        channel=request.channel_key,
        expires_at=request.expires_at,
    )
    match decide(requester, asked, book.approved(uow, request, now), now):
        case Deny(why):
            return why.said
        case NeedsApprovals(missing):
            return f"{missing} approvals are missing"
        case _:
            return None


def has_room(uow: UnitOfWork, book: ActionBook, request: ActionRequest) -> bool:
    """Whether no other request runs on one of its targets, and not too many of its template."""
    running = [
        one
        for one in uow.actions.in_states((RequestState.RUNNING,), limit=1_000)
        if one.phase is Phase.EXECUTING
    ]
    template = book.catalogue.templates.get(request.frozen.template_id)
    if template is None:
        return True  # the check of the template says what is wrong
    mine = [one for one in running if one.frozen.template_id == template.id]
    targets = set(request.frozen.targets)
    return len(mine) < template.limits.at_once and not any(
        targets & set(one.frozen.targets) for one in running
    )
