"""Semantic messages: what is meant, never how a platform draws it.

Each is a frozen value with a JSON form, so that the outbox can keep what is to be said and the
platform's renderer can draw it later, again after a restart.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bot.suggestions.model import Step, Suggestion, Value


class Button(Value):
    """Something to press. `token` is the opaque random id that the button carries, and all
    that it carries; `action` is the stable name the platform's action_id is made of."""

    action: Literal[
        "helpful",
        "not_helpful",
        "not_same",
        "resolved_like",
        "why",
        "graded_right",
        "graded_wrong",
        "graded_noise",
        "action_approve",
        "action_reject",
        "action_withdraw",
        "action_cancel",
        "action_rollback",
        "action_worked",
        "action_not_worked",
        "cue_yes",
        "cue_no",
        "cue_undo",
    ]
    token: str
    label: str


class Opener(Value):
    """A button that opens a form. `about` says of what (an incident's key); it gives no right
    to anything: whoever submits the form is checked then."""

    form: str
    about: str
    label: str


class AlertLine(Value):
    """One alert as a card shows it."""

    name: str
    status: str
    summary: str
    since: datetime | None = None
    url: str | None = None
    is_flapping: bool = False


class Said(Value):
    """Who said the same of an answer. `user_ids` are the platform's, in the order they spoke."""

    verdict: str
    user_ids: tuple[str, ...]


class IncidentCard(Value):
    """The one message of an incident, edited in place for as long as it lives.

    `owner` is the user id of whoever took it on. `offers` open the form of an action.
    `shadow_of` is the channel that the card would have gone to, where it only goes to the shadow
    channel.
    """

    type: Literal["incident_card"] = "incident_card"
    incident_key: str
    title: str
    service: str | None
    environment: str | None
    cluster: str | None
    severity: str
    state: str
    opened_at: datetime
    resolved_at: datetime | None = None
    resolution_note: str = ""
    alerts: tuple[AlertLine, ...]
    alerts_total: int
    suggestion: Suggestion | None
    buttons: tuple[Button, ...] = ()
    said: tuple[Said, ...] = ()
    feedback_note: str = ""
    openers: tuple[Opener, ...] = ()
    offers: tuple[Opener, ...] = ()
    owner: str = ""
    shadow_of: str = ""
    snoozed_until: datetime | None = None


class Answer(Value):
    """The reply to a question or a pasted log, in its thread.

    `lead` is said first, where the answer has a condition (what was left out, which
    environment); an abstention says it in place of "not seen before". `offers` open the form of
    an action.
    """

    type: Literal["answer"] = "answer"
    asked_by: str
    suggestion: Suggestion
    buttons: tuple[Button, ...] = ()
    said: tuple[Said, ...] = ()
    feedback_note: str = ""
    lead: str = ""
    offers: tuple[Opener, ...] = ()


class Notice(Value):
    """A plain sentence or two."""

    type: Literal["notice"] = "notice"
    text: str


class BoardLine(Value):
    """One line of a board. `url` is where `text` leads; `detail` is said after it, quietly."""

    text: str
    url: str | None = None
    detail: str = ""
    opener: Opener | None = None


class BoardPart(Value):
    heading: str = ""
    lines: tuple[BoardLine, ...] = ()


class Board(Value):
    """A page of lines under headings: what there is to do, to know, to hand over.

    `people` are the user ids that are mentioned in front of it, because a state changed.
    `asked_by` is the actor's key of whoever asked for it, where somebody did.
    """

    type: Literal["board"] = "board"
    title: str
    parts: tuple[BoardPart, ...] = ()
    note: str = ""
    people: tuple[str, ...] = ()
    asked_by: str = ""


class StepList(Value):
    """Some steps of a page, verbatim, with where they come from."""

    type: Literal["step_list"] = "step_list"
    title: str
    steps: tuple[Step, ...]
    note: str = ""
    asked_by: str = ""


class ActionCard(Value):
    """The one message of an action request, edited in place from the wish to the result.

    `shows` is exactly what will run and `digest` the hash over it. `requested_by`, `approved_by`
    and `people` are user ids; `people` are mentioned when it is first said. `headline` is the
    state in words; `state` and `risk` are the plain values.
    """

    type: Literal["action_card"] = "action_card"
    key: str
    title: str
    headline: str
    risk: str
    state: str
    template: str
    incident_key: str = ""
    environment: str = ""
    targets: tuple[str, ...] = ()
    shows: str
    digest: str
    requested_by: str
    reason: str = ""
    approved_by: tuple[str, ...] = ()
    missing: int = 0
    facts: tuple[str, ...] = ()
    dry_run: str = ""
    output: str = ""
    note: str = ""
    buttons: tuple[Button, ...] = ()
    openers: tuple[Opener, ...] = ()
    people: tuple[str, ...] = ()


class OutputFile(Value):
    """What an action printed, as a text file: too long for a message. It never changes."""

    type: Literal["output_file"] = "output_file"
    name: str
    title: str
    text: str


class StormIncident(Value):
    """One incident of a storm, and how many alerts it has."""

    key: str
    title: str
    service: str | None
    environment: str | None
    severity: str
    state: str
    alerts: int
    firing: int


class StormService(Value):
    """A service of a storm's alerts; `name` is "" for alerts of which that is unknown."""

    name: str
    environment: str
    alerts: int


class StormMessage(Value):
    """The one message of a storm in a channel, edited in place, its summary afterwards.

    `incidents` and `services` may be fewer than there are; the totals count all.
    """

    type: Literal["storm"] = "storm"
    is_over: bool
    began_at: datetime
    ended_at: datetime | None
    alerts: int
    firing: int
    incidents_total: int
    open_total: int
    incidents: tuple[StormIncident, ...]
    services_total: int
    services: tuple[StormService, ...]


class TimelineProposal(Value):
    """What somebody wrote in an incident's channel, proposed for its timeline; edited in place.

    `what` is in words what the message says, "" where nothing is proposed now; `author` the name
    of who wrote it, at `at`, under `url`; `waiting` how many more wait behind it. `told` is what
    came of the one before, said beside it.
    """

    type: Literal["timeline_proposal"] = "timeline_proposal"
    incident_key: str
    what: str = ""
    author: str = ""
    at: datetime | None = None
    url: str | None = None
    waiting: int = 0
    told: str = ""
    buttons: tuple[Button, ...] = ()


AnyMessage = (
    IncidentCard
    | Answer
    | Notice
    | Board
    | StepList
    | ActionCard
    | OutputFile
    | StormMessage
    | TimelineProposal
)
Message = Annotated[AnyMessage, Field(discriminator="type")]

message_adapter: TypeAdapter[AnyMessage] = TypeAdapter(Message)
"""Reads and writes any message as JSON: `validate_json` and `dump_json`."""
