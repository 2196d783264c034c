"""`/recall split`, `merge`, `link` and `unlink`: people know better what belongs together."""

from datetime import datetime

from bot.alerts.family import normalised_name
from bot.chat.messages import Notice
from bot.commands.finding import incident_and_rest, incident_called
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.parsing import nearest, split_key
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.incidents.regrouping import Regrouping, across
from bot.people.model import Role
from bot.suggestions.corrections import Correction, Word
from bot.suggestions.jobs import search_anew
from bot.suggestions.linking import family_of_incident
from bot.uow import UnitOfWork
from knowledge.model import PastIncident, Runbook


def merge(tools: Tools, caller: Caller, words: str) -> Reply:
    """`merge RCL-1 RCL-2`: the alerts of the first go into the second, and stay together."""
    first, rest = split_key(words)
    second, _ = split_key(rest.removeprefix("into ").removeprefix("with "))
    if first is None or second is None:
        raise Refused("Say which incident goes into which: /recall merge RCL-1 RCL-2.")
    with tools.units.begin() as uow:
        source = incident_called(uow, caller, first)
        target = incident_called(uow, caller, second)
        if source.id == target.id:
            raise Refused(f"{source.key} is one incident already.")
        for incident in (source, target):
            if incident.state.is_over:
                raise Refused(f"{incident.key} is {incident.state.value} already.")
        regrouping = _by(uow, tools, caller)
        moving, there = uow.alerts.of_incident(source.id), uow.alerts.of_incident(target.id)
        regrouping.bind(across(moving, there), target, together=True)
        regrouping.merge(source, target)
    return Reply(
        message=Notice(
            text=(
                f"{source.key} is now part of {target.key}. Alerts of these kinds go together "
                "from now on; /recall split takes one out again."
            )
        )
    )


def split(tools: Tools, caller: Caller, words: str) -> Reply:
    """`split RCL-1 AlertName`: alerts of that name leave, into an incident of their own."""
    with tools.units.begin() as uow:
        incident, name = incident_and_rest(uow, caller, words)
        if incident.state.is_over:
            raise Refused(f"{incident.key} is {incident.state.value} already.")
        alerts = uow.alerts.of_incident(incident.id)
        names = sorted({stored.alert.name for stored in alerts})
        if len(names) < 2:
            raise Refused(f"{incident.key} has alerts of one name only; there is nothing to split.")
        leaving = [
            one for one in alerts if normalised_name(one.alert.name) == normalised_name(name)
        ]
        if not leaving:
            meant = nearest(name, names) if name else None
            hint = f" Did you mean {meant}?" if meant else ""
            raise Refused(f"Say which alert leaves {incident.key}: {', '.join(names[:8])}.{hint}")
        staying = [one for one in alerts if one not in leaving]
        regrouping = _by(uow, tools, caller)
        regrouping.bind(across(leaving, staying), incident, together=False)
        opened = regrouping.split(incident, leaving, name)
    return Reply(
        message=Notice(
            text=(
                f"{name} is now {opened.key}. It stays apart from {incident.key}'s other alerts "
                f"from now on; /recall merge {opened.key} {incident.key} undoes that."
            )
        )
    )


def link(tools: Tools, caller: Caller, words: str) -> Reply:
    """`link RCL-1 INC-87`: this is the same as that case."""
    return _say(tools, caller, words, Word.SAME)


def unlink(tools: Tools, caller: Caller, words: str) -> Reply:
    """`unlink RCL-1 INC-87`: this is not the same as that case."""
    return _say(tools, caller, words, Word.NOT_SAME)


def _say(tools: Tools, caller: Caller, words: str, word: Word) -> Reply:
    verb = "link" if word is Word.SAME else "unlink"
    with tools.units.begin() as uow:
        incident, document_id = incident_and_rest(uow, caller, words)
        document = uow.knowledge.get(document_id) if document_id else None
        if not isinstance(document, PastIncident | Runbook) or not caller.audience.may_see(
            document.visibility
        ):
            raise Refused(
                f"Say which case or page: /recall {verb} {incident.key} INC-87. "
                + (f"Nothing called “{document_id}” is on record." if document_id else "")
            )
        now = tools.clock.now()
        is_lead = caller.role.includes(Role.LEAD)
        kept = uow.corrections.say(
            Correction(
                team_id=caller.actor.team_id,
                actor=caller.actor.key,
                is_lead=is_lead,
                incident_id=incident.id,
                family=family_of_incident(uow, incident),
                document_id=document.id,
                word=word,
                at=now,
            )
        )
        same = "the same as" if word is Word.SAME else "not the same as"
        if not kept:
            return Reply(message=Notice(text=f"You said so before: {incident.key} is {same} it."))
        _note(uow, caller, incident, f"{caller.name}: {same} {document.id}", now)
        uow.audit.append(
            at=now,
            actor=caller.actor.key,
            action=f"link.{word.value}",
            subject=incident.key,
            data={"document_id": document.id},
        )
        search_anew(uow, incident, tools.clock)
    reach = (
        "for all alerts of its kind"
        if is_lead
        else "for this incident; for others of its kind once a second person or a lead agrees"
    )
    return Reply(message=Notice(text=f"{incident.key} is {same} {document.id}, {reach}."))


def _by(uow: UnitOfWork, tools: Tools, caller: Caller) -> Regrouping:
    return Regrouping(uow, tools.clock, caller.actor.key, caller.name)


def _note(uow: UnitOfWork, caller: Caller, incident: Incident, text: str, now: datetime) -> None:
    entry = TimelineEntry(at=now, kind=TimelineKind.NOTE, text=text, actor=caller.actor.key)
    uow.incidents.add_timeline(incident.id, [entry])
