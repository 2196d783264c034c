"""`/recall act` and `/recall actions`: asking for an action, and the switch."""

import secrets
from collections.abc import Mapping, Sequence

from bot.actions.cards import headline
from bot.actions.fields import written_length
from bot.actions.model import ActionButton
from bot.actions.parameters import choices_of, defaults, offered_values
from bot.actions.policy import Principal
from bot.actions.requests import Answer, Requests, Wish
from bot.actions.template import Parameter
from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.messages import Board, BoardLine, BoardPart, Notice
from bot.chat.ports import Destination
from bot.commands.finding import incident_called, seen_by
from bot.commands.model import Caller, FieldErrors, Refused, Reply, Tools
from bot.commands.parsing import nearest, split_key
from bot.incidents.model import Incident
from bot.uow import UnitOfWork

FORM = "act"
CONFIRM = "act_confirm"
_NONE = "No actions are set up here: RECALL_ACTIONS_DIR names the folder of templates."
_OLD = "That form is too old, or somebody else's; type /recall act again."
_MOST_CHOICES = 100
_CARRIED = ("template", "incident", "channel", "thread", "replaces")
_GIVEN = "p:"
"""How a parameter is told from everything else that a form keeps."""


def act(tools: Tools, caller: Caller, words: str) -> Reply:
    """`act` lists what may be run; `act [RCL-12] TEMPLATE` asks for one."""
    requests = requests_of(tools)
    key, rest = split_key(words)
    name = rest.strip().lower()
    templates = requests.book.catalogue.templates
    if not name:
        return Reply(message=_board(requests))
    if name not in templates:
        meant = nearest(name, templates)
        hint = f" Did you mean {meant}?" if meant else ""
        raise Refused(f"There is no action called “{name}”.{hint} /recall act lists them.")
    return Reply(opens=_form(tools, requests, caller, name, key))


def are_set_up(tools: Tools, caller: Caller) -> bool:
    """Whether there is any action to be asked for."""
    return tools.actions is not None and bool(tools.actions.book.catalogue.templates)


def requests_of(tools: Tools) -> Requests:
    if tools.actions is None or not tools.actions.book.catalogue.templates:
        raise Refused(_NONE)
    return tools.actions


def _board(requests: Requests) -> Board:
    lines = tuple(
        BoardLine(
            text=f"/recall act {one.id}",
            detail=f"{one.title}; {one.risk.value} risk, "
            + (f"{one.approvals} approvals" if one.approvals else "no approval needed"),
        )
        for one in requests.book.catalogue.templates.values()
    )
    return Board(
        title="What can be run here",
        parts=(BoardPart(lines=lines[:40]),),
        note="Put the incident first where it is about one: /recall act RCL-12 NAME.",
    )


def _form(tools: Tools, requests: Requests, caller: Caller, name: str, key: str | None) -> Form:
    with tools.units.begin() as uow:
        incident = _incident(uow, caller, key)
        return form_about(uow, tools, caller, name, incident, at=caller.at)


def form_about(
    uow: UnitOfWork,
    tools: Tools,
    caller: Caller,
    name: str,
    incident: Incident | None,
    *,
    at: Destination,
    given: Mapping[str, str] | None = None,
    source: str = "",
    reason: str = "",
    replaces: str = "",
) -> Form:
    """The form of one action, to be asked for at `at`. `given` are texts for its parameters, and
    `source` where they are from; each is filled in where the template itself takes it and left
    out where it does not. `replaces` is the id of the request that this is another try of."""
    requests = requests_of(tools)
    template = requests.book.catalogue.templates[name]
    known = requests.book.known
    labels: dict[str, str] = {}
    if incident is not None:
        for stored in reversed(uow.alerts.of_incident(incident.id)):
            labels.update(stored.alert.labels)
    service = incident.service if incident is not None else None
    filled = defaults(template, labels, service, known)
    taken, left_out = offered_values(template, given or {}, known)
    for parameter in left_out:
        filled.pop(parameter, None)
    filled |= taken
    content = {
        "template": name,
        "incident": incident.key if incident is not None else "",
        "channel": at.channel,
        "thread": at.thread or "",
        "replaces": replaces,
    }
    token = _keep(uow, tools, caller, "form", content)
    about = incident.key if incident is not None else "no incident"
    return Form(
        name=FORM,
        title="Run an action",
        about=token,
        intro=(
            f"{template.title} ({template.risk.value} risk, {about}). {template.description}"
            f"{_told_of(source, taken, left_out)}"
        ),
        fields=(
            *(
                _field(one, choices_of(one, known), filled.get(one.name, ""))
                for one in template.parameters
            ),
            Field(
                name="reason",
                label="Why?",
                optional=True,
                hint="Approvers read it.",
                initial=reason,
            ),
        ),
        submit="Show what runs",
    )


def _told_of(source: str, taken: Mapping[str, str], left_out: Sequence[str]) -> str:
    """A word on what was filled in from elsewhere, and on what was not."""
    if not source or not (taken or left_out):
        return ""
    told = f" Filled in from {source}." if taken else ""
    if left_out:
        names = ", ".join(name[:60] for name in left_out[:5])
        told += f" What {source} says for {names} is nothing that this action takes: left out."
    return told


def _incident(uow: UnitOfWork, caller: Caller, key: str | None) -> Incident | None:
    """The named incident, else the one that this channel was made for, else the only one whose
    card stands here; None where it is not clear, which is allowed."""
    if key is not None:
        return incident_called(uow, caller, key)
    own = uow.placements.incident_of(caller.at.team_id, caller.at.channel)
    if own is not None:
        return uow.incidents.get(own)
    here = []
    for one in uow.incidents.active():
        placed = uow.placements.of(one.id)
        at = (placed.team_id, placed.channel) if placed is not None else None
        if at == (caller.at.team_id, caller.at.channel) and seen_by(caller, one):
            here.append(one)
    return here[0] if len(here) == 1 else None


def _field(parameter: Parameter, choices: object, initial: str) -> Field:
    hint = parameter.description
    bounds = ""
    if parameter.type == "integer":
        bounds = f"A whole number from {parameter.minimum} to {parameter.maximum}."
    elif parameter.shortest is not None and parameter.longest is not None:
        longest = written_length(parameter.longest)
        bounds = f"From {written_length(parameter.shortest)} to {longest}."
    hint = f"{hint} {bounds}".strip()
    label = parameter.label or parameter.name
    names = tuple(choices) if isinstance(choices, list | tuple) else ()
    if not names or len(names) > _MOST_CHOICES:
        return Field(name=parameter.name, label=label, hint=hint, initial=initial)
    options = tuple(Option(value=name, label=name) for name in names)
    return Field(
        name=parameter.name,
        label=label,
        kind="choice",
        hint=hint,
        options=options,
        initial=initial,
    )


def _keep(
    uow: UnitOfWork, tools: Tools, caller: Caller, action: str, content: dict[str, str]
) -> str:
    """What a form was opened with stays here; the form itself carries an opaque token."""
    token = secrets.token_urlsafe(18)
    button = ActionButton(
        token=token,
        team_id=caller.at.team_id,
        action=action,
        request_id=None,
        digest=content.get("digest", ""),
        content={**content, "actor": caller.actor.key},
        created_at=tools.clock.now(),
    )
    uow.actions.keep_buttons([button])
    return token


def _kept(uow: UnitOfWork, caller: Caller, action: str, token: str) -> dict[str, str]:
    button = uow.actions.button(token)
    if (
        button is None
        or button.action != action
        or button.team_id != caller.at.team_id
        or button.content.get("actor") != caller.actor.key
    ):
        raise Refused(_OLD)
    return dict(button.content)


def open_form(tools: Tools, caller: Caller, about: str) -> Form:
    """From a button whose `about` names a template, and an incident before it."""
    key, rest = split_key(about)
    requests = requests_of(tools)
    if rest not in requests.book.catalogue.templates:
        raise Refused("That action is not there any more; /recall act lists them.")
    return _form(tools, requests, caller, rest, key)


def submit_form(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Check what was filled in, and show exactly what would run before it is asked for."""
    requests = requests_of(tools)
    with tools.units.begin() as uow:
        kept = _kept(uow, caller, "form", about)
        incident = _kept_incident(uow, caller, kept)
    template = requests.book.catalogue.templates.get(kept["template"])
    if template is None:
        raise Refused(_OLD)
    values = {one.name: text_of(answers, one.name) for one in template.parameters}
    wish = _wish(tools, caller, kept, incident, values, text_of(answers, "reason"))
    answer = requests.preview(wish)
    if answer.frozen is None:
        # Not only shown but made, so that the denial is on the audit record.
        answer = requests.make(wish) if answer.refused else answer
        _raise(answer)
    assert answer.frozen is not None
    with tools.units.begin() as uow:
        content = {
            **{key: kept[key] for key in _CARRIED if key in kept},
            **{f"{_GIVEN}{name}": value for name, value in values.items()},
            "reason": wish.reason,
            "digest": answer.frozen.digest,
        }
        token = _keep(uow, tools, caller, "confirm", content)
    return Reply(opens=_confirm(answer, token))


def _confirm(answer: Answer, token: str) -> Form:
    frozen, missing = answer.frozen, answer.missing
    assert frozen is not None
    needs = f"It then needs {missing} approvals." if missing else "It runs at once."
    if missing == 1:
        needs = "It then needs 1 approval."
    dry = " First its dry run is made." if frozen.dry_run is not None else ""
    record = f" So far: {answer.record}." if answer.record else ""
    return Form(
        name=CONFIRM,
        title="Ask for it?",
        about=token,
        intro=(
            f"This will run, on {', '.join(frozen.targets) or 'nothing by name'}, "
            f"{frozen.risk.value} risk, sha256 {frozen.digest[:12]}: {frozen.step.shown}   "
            f"{needs}{dry}{record}"
        ),
        fields=(
            Field(
                name="sure",
                label="Is that what you mean?",
                kind="choice",
                options=(
                    Option(value="yes", label="Yes, ask for it"),
                    Option(value="no", label="No, leave it"),
                ),
                initial="yes",
            ),
        ),
        submit="Send",
    )


def open_confirm(tools: Tools, caller: Caller, about: str) -> Form:
    """It is only ever shown after a form."""
    raise Refused(_OLD)


def submit_confirm(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Ask for it, if it is still what was shown."""
    requests = requests_of(tools)
    if text_of(answers, "sure") != "yes":
        return Reply(message=Notice(text="Nothing was asked for."))
    with tools.units.begin() as uow:
        kept = _kept(uow, caller, "confirm", about)
        incident = _kept_incident(uow, caller, kept)
    values = {
        name.removeprefix(_GIVEN): value for name, value in kept.items() if name.startswith(_GIVEN)
    }
    wish = _wish(tools, caller, kept, incident, values, kept["reason"])
    answer = requests.make(wish, seen=kept["digest"])
    if answer.request is None:
        _raise(answer)
    assert answer.request is not None
    said = f"{answer.request.key} is asked for: {headline(answer.request).lower()}."
    return Reply(message=Notice(text=f"{said} Its message in the channel follows it."))


def _raise(answer: Answer) -> None:
    named = {name: f"This {why}." for name, why in answer.problems.items() if name}
    if named:
        raise FieldErrors(named)
    raise Refused(f"Not asked for: {answer.refused or '; '.join(answer.problems.values())}.")


def _kept_incident(uow: UnitOfWork, caller: Caller, kept: dict[str, str]) -> Incident | None:
    return uow.incidents.get_by_key(kept["incident"]) if kept["incident"] else None


def _wish(
    tools: Tools,
    caller: Caller,
    kept: dict[str, str],
    incident: Incident | None,
    values: dict[str, str],
    reason: str,
) -> Wish:
    requests = requests_of(tools)
    at = Destination(caller.at.team_id, kept["channel"], kept["thread"] or None)
    is_shared = caller.is_shared or tools.rooms.of(at.team_id, at.channel).is_shared
    by = Principal(
        key=caller.actor.key,
        person=requests.book.same.person_of(caller.actor),
        role=caller.role,
    )
    return Wish(
        by=by,
        at=at,
        template_id=kept["template"],
        values=values,
        replaces=int(kept["replaces"]) if kept.get("replaces") else None,
        incident=incident,
        is_shared=is_shared,
        reason=reason,
    )
