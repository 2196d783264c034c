"""Shortcuts on a message. Slack waits three seconds for a modal and gives one trigger; a search
that takes longer is shown in the modal when it is there."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from slack_sdk import WebClient

from bot.chat.forms import Form
from bot.chat.messages import AnyMessage, Notice
from bot.commands.asking import answer_to
from bot.commands.book import GUEST, SHARED, CommandBook
from bot.commands.model import Caller, Refused, Tools
from bot.errors import ChatRefused, ChatUnavailable, RecallError
from bot.people.model import Role
from bot.slack.blocks import render
from bot.slack.client import api_call
from bot.slack.message_text import words_of
from bot.slack.modals import answer_view
from bot.slack.payloads import split

_log = logging.getLogger(__name__)

JSON = Mapping[str, Any]
FIND_SIMILAR = "recall_find_similar"
PATIENCE_SECONDS = 1.8
"""How long the search is waited for before the modal opens without it."""

TITLE = "Similar cases"
_LOOKING = Notice(text="Looking through past incidents and runbooks…")
_NO_WORDS = "There are no words in that message to look for."
_FAILED = "The search did not work just now; try again in a moment."


class FindSimilar:
    """Shows the person what is on record like one message, in a modal of their own."""

    def __init__(
        self, tools: Tools, client: WebClient, *, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._tools = tools
        self._client = client
        self._patience = patience
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="shortcut")

    def run(self, caller: Caller, body: JSON) -> None:
        """Raises Refused, and what opening a modal raises."""
        if caller.is_shared:
            raise Refused(SHARED)
        if not caller.role.includes(Role.RESPONDER):
            raise Refused(GUEST)
        message = body.get("message")
        text = self._tools.redact(words_of(message) if isinstance(message, Mapping) else "")
        if not text.strip():
            raise Refused(_NO_WORDS)
        trigger = str(body.get("trigger_id") or "")
        search = self._pool.submit(self._search, caller, text)
        try:
            found: AnyMessage = search.result(timeout=self._patience)
        except TimeoutError:
            self._open_and_follow(trigger, search)
            return
        api_call("views.open", self._client.views_open, trigger_id=trigger, view=_view(found))

    def _search(self, caller: Caller, text: str) -> AnyMessage:
        question, logs = split(text)
        try:
            return answer_to(self._tools, caller, question or text, logs)
        except RecallError as error:
            return Notice(text=f"{_FAILED} ({error})")

    def _open_and_follow(self, trigger: str, search: "Future[AnyMessage]") -> None:
        opened = api_call(
            "views.open", self._client.views_open, trigger_id=trigger, view=_view(_LOOKING)
        )
        view_id = str((opened.get("view") or {}).get("id") or "")

        def show(done: "Future[AnyMessage]") -> None:
            error = done.exception()
            if error is not None:
                _log.error("a search for similar cases failed: %s", type(error).__name__)
            message = Notice(text=_FAILED) if error is not None else done.result()
            self._update(view_id, message)

        search.add_done_callback(show)

    def _update(self, view_id: str, message: AnyMessage) -> None:
        call: Callable[..., Any] = self._client.views_update
        try:
            api_call("views.update", call, view_id=view_id, view=_view(message))
        except (ChatRefused, ChatUnavailable) as error:
            # The person has closed it, most likely.
            _log.info("similar cases could not be shown: %s", error)


def form_shortcut(
    book: CommandBook, name: str, redact: Callable[[str], str]
) -> Callable[[Caller, JSON], Form]:
    """The shortcut `name` of the book, which opens a form with the message's words in it."""

    def run(caller: Caller, body: JSON) -> Form:
        message = body.get("message")
        text = words_of(message) if isinstance(message, Mapping) else ""
        return book.shortcut(caller, name, redact(text))

    return run


def _view(message: AnyMessage) -> dict[str, Any]:
    return answer_view(TITLE, render(message).blocks)
