"""Answering a follow-up: from what was told in the thread, or by asking again otherwise."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bot.actions.offers import Offers, no_offers
from bot.chat.messages import AnyMessage, Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.query import query_of as query_of_incident
from bot.people.model import Actor
from bot.services.labels import CLUSTER_LABELS, ENVIRONMENT_LABELS
from bot.suggestions.explanation import explain
from bot.suggestions.followups import FollowUp, Understood, understand
from bot.suggestions.jobs import Suggester, with_corrections
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.receipt import query_of as query_of_receipt
from bot.suggestions.rollback import way_back
from bot.suggestions.seen import pages_in, seen_records, told_in_all
from bot.suggestions.speak import keep, show_answer
from bot.suggestions.threads import Thread
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Query, Runbook

MOST_INCIDENTS = 200
"""Newest incidents whose environments count as known."""

_PASTE = "I see no log lines in that message. Paste them between ``` or attach a text file."
_NOT_KEPT = "What was asked before is not on record any more; ask once more in your own words."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Something said to the bot in a thread; `key` is the outbox key of its reply."""

    actor: Actor
    to: Destination
    key: str
    question: str
    logs: str
    audience: Audience


class FollowUps:
    """The use case behind short words in a thread. `environments` are those that the
    catalogue declares; those of incidents count as well."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        builder: Suggester,
        clock: Clock,
        environments: Sequence[str] = (),
        offers: Offers = no_offers,
    ) -> None:
        self._offers = offers
        self._units = units
        self._builder = builder
        self._clock = clock
        self._environments = tuple(environments)
        self._answers: dict[FollowUp, Callable[[Asked, Thread, Understood], None]] = {
            FollowUp.WHY: self._why,
            FollowUp.ANOTHER: self._another,
            FollowUp.ROLLBACK: self._rollback,
            FollowUp.ENVIRONMENT: self._elsewhere,
            FollowUp.LOGS: self._with_logs,
        }

    def understood(self, question: str, logs: str, thread: Thread) -> Understood:
        """What the words ask for; always FRESH where nothing was told before."""
        if thread.latest is None and thread.incident is None:
            return Understood(FollowUp.FRESH)
        return understand(question, has_logs=bool(logs), environments=self._known(thread.told))

    def answer(self, asked: Asked, thread: Thread, meant: Understood) -> bool:
        """Answer it; False when it is none, or there is nothing that it could follow."""
        if meant.kind is FollowUp.LOGS and not asked.logs:
            self._say(asked, Notice(text=_PASTE))
            return True
        # Logs under a card are evidence of its incident, which is another use case.
        is_evidence = meant.kind is FollowUp.LOGS and thread.incident is not None
        if meant.kind is FollowUp.FRESH or thread.latest is None or is_evidence:
            return False
        self._answers[meant.kind](asked, thread, meant)
        return True

    # -- from what is stored ----------------------------------------------------------------

    def _why(self, asked: Asked, thread: Thread, meant: Understood) -> None:
        assert thread.latest is not None
        with self._units.read() as uow:
            records = seen_records(uow, thread.latest, asked.audience)
        self._say(asked, explain(thread.latest, records, asked_by=asked.actor.key))

    def _rollback(self, asked: Asked, thread: Thread, meant: Understood) -> None:
        assert thread.latest is not None
        with self._units.read() as uow:
            pages = _pages_of(uow, thread.told, asked.audience)
        query = self._asked_before(thread, asked.audience)
        labels = query.labels if query is not None else {}
        self._say(asked, way_back(pages, labels, asked_by=asked.actor.key))

    # -- asked again ------------------------------------------------------------------------

    def _another(self, asked: Asked, thread: Thread, meant: Understood) -> None:
        query = self._asked_before(thread, asked.audience)
        if query is None:
            self._say(asked, Notice(text=_NOT_KEPT))
            return
        shown = told_in_all(thread.told)
        excluded = query.excluded | shown
        # Only for this question: what was shown is not what somebody called not the same.
        query = replace(query, excluded=excluded, linked=query.linked - shown)
        found = self._builder.suggest(query, asked=True)
        self._reply(asked, thread, found, _lead_of_another(found))

    def _elsewhere(self, asked: Asked, thread: Thread, meant: Understood) -> None:
        query = self._asked_before(thread, asked.audience)
        if query is None:
            self._say(asked, Notice(text=_NOT_KEPT))
            return
        if len(meant.environments) > 1:
            names = " or ".join(meant.environments[:5])
            self._say(asked, Notice(text=f"Which one do you mean: {names}?"))
            return
        [environment] = meant.environments
        places = {*ENVIRONMENT_LABELS, *CLUSTER_LABELS}
        labels = {name: value for name, value in query.labels.items() if name not in places}
        query = replace(query, environment=environment, labels=labels)
        found = self._builder.suggest(query, asked=True)
        self._reply(asked, thread, found, f"The same, asked for {environment}. {_not(found)}")

    def _with_logs(self, asked: Asked, thread: Thread, meant: Understood) -> None:
        query = self._asked_before(thread, asked.audience)
        if query is None:
            query = Query(text="", audience=asked.audience)
        query = replace(query, logs=(*query.logs, asked.logs))
        found = self._builder.suggest(query, asked=True)
        lines = asked.logs.count("\n") + 1
        added = f"The same, with {lines} log line{'s' if lines > 1 else ''} more. {_not(found)}"
        self._reply(asked, thread, found, added)

    def _asked_before(self, thread: Thread, audience: Audience) -> Query | None:
        """What the newest answer was given to, for the readers of now; None if not kept."""
        assert thread.latest is not None
        receipt = thread.latest.receipt
        if receipt.get("query") is not None:
            # A query that was too long to be kept whole will do: only a replay needs all of it.
            kept = {**receipt["query"], "cut": False}
            return replace(query_of_receipt({**receipt, "query": kept}), audience=audience)
        if thread.incident is None:
            return None
        with self._units.read() as uow:
            alerts = uow.alerts.of_incident(thread.incident.id)
            timeline = uow.incidents.timeline(thread.incident.id)
        query = query_of_incident(thread.incident, alerts, timeline, audience=audience)
        return with_corrections(self._units, query, thread.incident.id)

    # -- saying it --------------------------------------------------------------------------

    def _say(self, asked: Asked, message: AnyMessage) -> None:
        with self._units.begin() as uow:
            if uow.outbox.destination(asked.key) is None:
                uow.outbox.put(asked.key, asked.to, message, self._clock.now())

    def _reply(self, asked: Asked, thread: Thread, found: Suggestion, lead: str) -> None:
        with self._units.begin() as uow:
            if uow.outbox.destination(asked.key) is not None:
                return
            now = self._clock.now()
            keep(uow, found, None, asked.actor.key, now)
            show_answer(
                uow,
                found,
                key=asked.key,
                to=asked.to,
                asked_by=asked.actor.key,
                incident_id=thread.incident.id if thread.incident is not None else None,
                now=now,
                lead=lead.strip(),
                offers=self._offers,
            )

    def _known(self, told: Iterable[Suggestion]) -> frozenset[str]:
        with self._units.read() as uow:
            incidents = uow.incidents.list(MOST_INCIDENTS)
        cited = (case.environment for one in told for case in one.incidents)
        stored = (one.environment for one in incidents)
        return frozenset(filter(None, (*self._environments, *stored, *cited)))


def _pages_of(uow: UnitOfWork, told: Sequence[Suggestion], audience: Audience) -> list[Runbook]:
    """The pages cited in the thread, the newest answer's first; else the best candidate."""
    for one in reversed(told):
        records = seen_records(uow, one, audience)
        cited = [records.get(name) for name in dict.fromkeys(pages_in(one))]
        pages = [page for page in cited if isinstance(page, Runbook)]
        if pages:
            return pages
    newest = told[-1]
    records = seen_records(uow, newest, audience)
    ranked = [records.get(str(row["id"])) for row in newest.receipt.get("runbooks", ())]
    return [page for page in ranked if isinstance(page, Runbook)][:1]


def _lead_of_another(found: Suggestion) -> str:
    if found.answered:
        return "Leaving out what was shown above."
    if found.nearest is None:
        return "Nothing else on record is near: you have seen all that I have."
    return "Beside what was shown above, nothing on record is close enough to go by."


def _not(found: Suggestion) -> str:
    is_none = found.kind is SuggestionKind.ABSTENTION
    return "Nothing on record is close enough to go by." if is_none else ""
