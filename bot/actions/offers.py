"""Actions that an answer offers as buttons: those that its runbooks name, and those that helped
with such alerts before.

A button opens the form in which the action is asked for, and does nothing else. It carries one
opaque token; what the token stands for is kept here.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.actions.book import ActionBook
from bot.actions.model import ActionButton, RequestState
from bot.actions.policy import environment_fits
from bot.actions.template import ActionTemplate
from bot.actions.track import TrackRecord
from bot.chat.messages import Answer, IncidentCard, Opener
from bot.chat.ports import Destination
from bot.incidents.model import Incident
from bot.suggestions.model import Suggestion
from bot.suggestions.seen import pages_in
from bot.uow import UnitOfWork
from knowledge.model import Audience, NamedAction, Runbook
from knowledge.text.named_actions import named_actions

FORM = "act_offer"
MOST = 2
"""Buttons that one message offers."""
_LONGEST_LABEL = 75
_CASES = 3

Offers = Callable[
    [UnitOfWork, str, Suggestion, Incident | None, Destination, datetime], Sequence[Opener]
]
"""(unit of work, outbox key of the message, what it answers, its incident, where, now) -> the
buttons under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A template, and what a page fills in. `page` is the runbook that names it, "" for one that
    is offered because it helped before."""

    template: str
    page: str = ""
    parameters: Mapping[str, str]


def no_offers(
    uow: UnitOfWork,
    key: str,
    suggestion: Suggestion,
    incident: Incident | None,
    to: Destination,
    now: datetime,
) -> Sequence[Opener]:
    """Where nothing can be run."""
    return ()


class ActionOffers:
    """Offers what the catalogue of `book` allows in that environment and channel."""

    def __init__(self, book: ActionBook) -> None:
        self._book = book

    def __call__(
        self,
        uow: UnitOfWork,
        key: str,
        suggestion: Suggestion,
        incident: Incident | None,
        to: Destination,
        now: datetime,
    ) -> Sequence[Opener]:
        """At most `MOST`; none under what is no answer, so none where nothing may be told."""
        if not suggestion.answered or (incident is not None and incident.state.is_over):
            return ()
        allowed = {
            one.id: one
            for one in self._book.catalogue.templates.values()
            if _fits(one, incident, to.channel_key)
        }
        if not allowed:
            return ()
        records = self._book.records(uow, allowed.values(), incident, now)
        chosen: dict[str, Offer] = {}
        for offer in (
            *_of_pages(uow, suggestion, to),
            *_of_cases(uow, suggestion, to),
            *_of_family(records),
        ):
            if offer.template in allowed and len(chosen) < MOST:
                chosen.setdefault(offer.template, offer)
        before = _there(uow, key)
        openers = []
        for name, offer in chosen.items():
            content = _content(offer, incident, to)
            token = before.get(_canonical(content)) or self._keep(uow, to, content, now)
            label = _label(allowed[name], records.get(name))
            openers.append(Opener(form=FORM, about=token, label=label))
        return tuple(openers)

    def _keep(
        self, uow: UnitOfWork, to: Destination, content: dict[str, str], now: datetime
    ) -> str:
        token = secrets.token_urlsafe(18)
        button = ActionButton(
            token=token,
            team_id=to.team_id,
            action="offer",
            request_id=None,
            digest="",
            content=content,
            created_at=now,
        )
        uow.actions.keep_buttons([button])
        return token


def kept_offer(button: ActionButton) -> Offer:
    """What a token of an offer stands for."""
    return Offer(
        template=button.content["template"],
        page=button.content["page"],
        parameters=json.loads(button.content["parameters"]),
    )


def page_still_says(uow: UnitOfWork, offer: Offer, audience: Audience) -> Runbook | None:
    """The page that names an offered action, if readers there may see it and it still names the
    very same with the very same parameters."""
    page = uow.knowledge.get(offer.page)
    if not isinstance(page, Runbook) or not page.state.is_served:
        return None
    named = NamedAction(template=offer.template, parameters=offer.parameters)
    says_so = audience.may_see(page.visibility) and named in named_actions(page)
    return page if says_so else None


def _fits(template: ActionTemplate, incident: Incident | None, channel: str) -> bool:
    """Whether it could be asked for there at all; who asks, and when, is decided then."""
    if template.channels and channel not in template.channels:
        return False
    checks_alerts = template.verification is not None and template.verification.alert_resolved
    if checks_alerts and incident is None:
        return False
    environment = incident.environment if incident is not None else None
    return environment_fits(template.environments, environment)


def _of_pages(uow: UnitOfWork, suggestion: Suggestion, to: Destination) -> Iterator[Offer]:
    """What the pages that the answer cites name, in the order in which it cites them."""
    audience = Audience(channel=to.channel_key)
    for name in dict.fromkeys(pages_in(suggestion)):
        page = uow.knowledge.get(name)
        if not isinstance(page, Runbook) or not page.state.is_served:
            continue
        if audience.may_see(page.visibility):
            for one in named_actions(page):
                yield Offer(template=one.template, page=page.id, parameters=one.parameters)


def _of_cases(uow: UnitOfWork, suggestion: Suggestion, to: Destination) -> Iterator[Offer]:
    """What worked in the alike incidents, where they are of ours."""
    audience = Audience(channel=to.channel_key)
    for case in suggestion.incidents[:_CASES]:
        incident = uow.incidents.get_by_key(case.id)
        if incident is None or not audience.may_see(incident.visibility):
            continue
        for request in uow.actions.of_incident(incident.id):
            if request.state is RequestState.SUCCEEDED:
                yield Offer(template=request.frozen.template_id, parameters={})


def _of_family(records: Mapping[str, TrackRecord]) -> Iterator[Offer]:
    """What cleared alerts of the family before, the most helpful first."""
    helped = [(name, one) for name, one in records.items() if one.cleared]
    helped.sort(key=lambda pair: (-pair[1].cleared / pair[1].runs, -pair[1].cleared, pair[0]))
    for name, _ in helped:
        yield Offer(template=name, parameters={})


def _content(offer: Offer, incident: Incident | None, to: Destination) -> dict[str, str]:
    return {
        "template": offer.template,
        "incident": incident.key if incident is not None else "",
        "channel": to.channel,
        "thread": to.thread or "",
        "page": offer.page,
        "parameters": json.dumps(dict(offer.parameters), sort_keys=True),
    }


def _there(uow: UnitOfWork, key: str) -> Mapping[str, str]:
    """The tokens that the message has by now, by what they stand for: an edit that changes
    nothing is none."""
    message = uow.outbox.message(key)
    openers = message.offers if isinstance(message, IncidentCard | Answer) else ()
    kept = (uow.actions.button(one.about) for one in openers)
    return {_canonical(one.content): one.token for one in kept if one is not None}


def _canonical(content: Mapping[str, str]) -> str:
    return json.dumps(dict(content), sort_keys=True)


def _label(template: ActionTemplate, record: TrackRecord | None) -> str:
    """The title, cut where need be, and how it did."""
    told = f" — {record.short}" if record is not None and record.runs else ""
    room = _LONGEST_LABEL - len(told)
    title = template.title
    return (title if len(title) <= room else f"{title[: room - 1].rstrip()}…") + told
