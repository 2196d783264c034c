"""Commands, forms and shortcuts: from Slack's payload to the use case, and the answer in line.

Slack waits three seconds for it. Nothing here is from the inbox: what is asked for is done, or
the person is told that it is not, and can ask again.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slack_sdk import WebClient

from bot.chat.forms import Form
from bot.chat.messages import AnyMessage, Notice
from bot.chat.ports import Destination
from bot.commands.book import CommandBook
from bot.commands.model import Caller, FieldErrors, Refused
from bot.errors import ChatRefused, ChatUnavailable, DataError, Retryable
from bot.people.model import Actor, Role
from bot.slack.blocks import render
from bot.slack.client import api_call
from bot.slack.escape import words
from bot.slack.modals import answer_view, modal, submission, view_place, view_subject
from bot.slack.pieces import FILL_PREFIX, form_of_opener, section

_log = logging.getLogger(__name__)

JSON = Mapping[str, Any]
_LATER = "Recall cannot do that right now ({reason}). Nothing was changed; try again in a moment."


Shortcut = Callable[[Caller, JSON], Notice | Form | None]
"""Does what a message shortcut stands for: says what was done, or gives the form to fill in; None
where it has shown its answer itself. Raises Refused."""
UNKNOWN_SHORTCUT = "That shortcut is not known here; the app needs its newest manifest."
NO_SHORTCUTS: Mapping[str, Shortcut] = {}


class SlackInteractions:
    """Answers `body` in line. `role_of` says what an actor may do; `is_shared` whether a
    channel is shared with another organisation; `after_form` hears who submitted a form."""

    def __init__(
        self,
        book: CommandBook,
        client: WebClient,
        role_of: Callable[[Actor], Role],
        is_shared: Callable[[str, str], bool],
        redact: Callable[[str], str],
        shortcuts: Mapping[str, Shortcut] = NO_SHORTCUTS,
        after_form: Callable[[Actor], None] = lambda _: None,
    ) -> None:
        self._book = book
        self._client = client
        self._role_of = role_of
        self._is_shared = is_shared
        self._redact = redact
        self._shortcuts = shortcuts
        self._after_form = after_form

    def handle(self, body: JSON) -> JSON:
        """The JSON to acknowledge with; {} where there is nothing to say."""
        if body.get("command"):
            return self._command(body)
        kind = body.get("type")
        if kind == "view_submission":
            return self._submitted(body)
        if kind == "block_actions":
            return self._pressed(body)
        if kind == "message_action":
            self._used_shortcut(body)
        return {}

    # -- message shortcuts ------------------------------------------------------------------

    def _used_shortcut(self, body: JSON) -> None:
        """Do it, and say in a modal what was done or why not, or ask for more in a form."""
        trigger = str(body.get("trigger_id") or "")
        shortcut = self._shortcuts.get(str(body.get("callback_id") or ""))
        if shortcut is None:
            self._tell(trigger, UNKNOWN_SHORTCUT)
            return
        try:
            caller = self._of_interaction(body)
            done = shortcut(caller, body)
            if isinstance(done, Form):
                self._open(trigger, modal(done, _at(caller)))
        except (Refused, DataError, Retryable, ChatRefused) as error:
            self._tell(trigger, str(error))
        else:
            if isinstance(done, Notice):
                self._tell(trigger, done.text)

    # -- commands -------------------------------------------------------------------------

    def _command(self, body: JSON) -> JSON:
        try:
            caller = self._caller(body, str(body["user_id"]), str(body.get("user_name") or ""))
            reply = self._book.run(caller, self._redact(str(body.get("text") or "")))
            if reply.opens is not None:
                self._open(str(body["trigger_id"]), modal(reply.opens, _at(caller)))
        except Retryable as error:
            return ephemeral(Notice(text=_LATER.format(reason=error)))
        except ChatRefused as error:
            return ephemeral(Notice(text=f"Slack did not open the form: {error}"))
        return ephemeral(reply.message) if reply.message is not None else {}

    # -- buttons that open or fill forms ----------------------------------------------------

    def _pressed(self, body: JSON) -> JSON:
        action = (body.get("actions") or [{}])[0]
        action_id = str(action.get("action_id") or "")
        about = str(action.get("value") or "")
        trigger = str(body.get("trigger_id") or "")
        try:
            caller = self._of_interaction(body)
            if action_id.startswith(FILL_PREFIX):
                self._fill(caller, body.get("view") or {}, about)
            elif (name := form_of_opener(action_id)) is not None:
                self._open(trigger, modal(self._book.open(caller, name, about), _at(caller)))
        except (Refused, DataError, Retryable) as error:
            self._tell(trigger, str(error))
        except ChatRefused as error:
            # The trigger was used or is too old: the person presses once more.
            _log.warning("a form could not be opened: %s", error)
        return {}

    def _fill(self, caller: Caller, view: JSON, offer: str) -> None:
        subject = view_subject(view)
        if subject is None:
            return
        form = self._book.fill(caller, *subject, offer)
        arguments = {
            "view_id": view.get("id"),
            "hash": view.get("hash"),
            "view": modal(form, _at(caller)),
        }
        api_call("views.update", self._client.views_update, **arguments)

    # -- forms ------------------------------------------------------------------------------

    def _submitted(self, body: JSON) -> JSON:
        filled = submission(body.get("view") or {})
        if filled is None:
            return {}
        answers = {
            name: tuple(map(self._redact, value))
            if isinstance(value, tuple)
            else self._redact(value)
            for name, value in filled.answers.items()
        }
        try:
            caller = self._of_interaction(body)
            reply = self._book.submit(caller, filled.form, filled.about, answers)
        except FieldErrors as error:
            return {"response_action": "errors", "errors": error.errors}
        except (Refused, DataError, ChatRefused, Retryable) as error:
            return updated("Not saved", Notice(text=str(error)))
        self._after_form(caller.actor)
        if reply.opens is not None:
            return {"response_action": "update", "view": modal(reply.opens, _at(caller))}
        return updated("Done", reply.message) if reply.message is not None else {}

    # -- Slack ------------------------------------------------------------------------------

    def _open(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        api_call("views.open", self._client.views_open, trigger_id=trigger_id, view=view)

    def _tell(self, trigger_id: str, text: str) -> None:
        try:
            self._open(trigger_id, answer_view("Recall", [section(words(text, 1_000))]))
        except (ChatRefused, ChatUnavailable) as error:
            _log.warning("a person could not be told why nothing happened: %s", error)

    def _of_interaction(self, body: JSON) -> Caller:
        user = body.get("user") or {}
        return self._caller(body, str(user["id"]), str(user.get("name") or user.get("username")))

    def _caller(self, body: JSON, user_id: str, name: str) -> Caller:
        user, team = body.get("user"), body.get("team")
        installed = str((team.get("id") if isinstance(team, Mapping) else None) or body["team_id"])
        home = str((user.get("team_id") if isinstance(user, Mapping) else None) or installed)
        channel, thread = _place(body)
        actor = Actor(team_id=home, user_id=user_id)
        return Caller(
            actor=actor,
            name=self._redact(name or user_id)[:80],
            # Somebody of another organisation holds no role here.
            role=self._role_of(actor) if home == installed else Role.GUEST,
            at=Destination(installed, channel, thread),
            is_shared=bool(channel) and self._is_shared(installed, channel),
        )


def _place(body: JSON) -> tuple[str, str | None]:
    """(channel, thread) that the payload names, or that its view was asked for in."""
    view = body.get("view")
    if isinstance(view, Mapping):
        return view_place(view)
    container = body.get("container")
    if isinstance(container, Mapping) and container.get("channel_id"):
        thread = container.get("thread_ts") or container.get("message_ts")
        return str(container["channel_id"]), str(thread) if thread else None
    channel = body.get("channel")
    if isinstance(channel, Mapping) and channel.get("id"):
        message = body.get("message") or {}
        thread = message.get("thread_ts") or message.get("ts")
        return str(channel["id"]), str(thread) if thread else None
    return str(body.get("channel_id") or ""), None


def _at(caller: Caller) -> tuple[str, str | None]:
    return caller.at.channel, caller.at.thread


def ephemeral(message: AnyMessage) -> JSON:
    """An answer that only the caller sees."""
    drawn = render(message)
    return {"response_type": "ephemeral", "text": drawn.text, "blocks": list(drawn.blocks)}


def updated(title: str, message: AnyMessage) -> JSON:
    """The modal turns into an answer."""
    blocks: Sequence[Any] = render(message).blocks
    return {"response_action": "update", "view": answer_view(title, blocks)}
