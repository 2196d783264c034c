"""What people do on a page: the same commands and forms as in chat, by the same rules."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from bot.chat.forms import Answers, Form
from bot.chat.messages import AnyMessage, Board, Notice
from bot.commands.model import FieldErrors, Refused, Reply
from bot.errors import DataError
from bot.redact import redact
from bot.web.console.gate import Fields, Signed, Visitor, text_in
from bot.web.console.parts import Console
from bot.web.console.rendering import ConsoleError, page, see_other

router = APIRouter()

COMMANDS = ("ack", "split", "merge", "link", "unlink")
"""What can be done to an incident in one step."""
FORMS = ("resolve", "snooze", "record", "runbook_edit", "noise_rule", "page_word")
"""What is asked about an incident in a form."""
_LONGEST = 20_000


@router.post("/incidents/{key}/do/{command}")
def do(key: str, command: str, visitor: Signed, parts: Console, form: Fields) -> Response:
    """Do it to the incident, and say on its page what became of it."""
    if command not in COMMANDS:
        raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such thing to do.")
    _only_key(key)
    words = redact(" ".join(text_in(form, "words", 500).split()))
    reply = parts.book.run(visitor.caller, f"{command} {key} {words}".rstrip())
    parts.wake()
    return see_other(f"/console/incidents/{key}", told(reply))


@router.get("/incidents/{key}/forms/{name}")
def open_form(
    request: Request, key: str, name: str, visitor: Signed, parts: Console, fill: str = ""
) -> Response:
    """The form, empty or filled in by one of its offers."""
    _only_key(key)
    _only_form(name)
    try:
        if fill:
            form = parts.book.fill(visitor.caller, name, key, fill[:200])
        else:
            form = parts.book.open(visitor.caller, name, key)
    except (Refused, DataError) as error:
        return see_other(f"/console/incidents/{key}", str(error))
    return _form_page(request, visitor, key, form, {}, {})


@router.post("/incidents/{key}/forms/{name}")
def submit_form(
    request: Request, key: str, name: str, visitor: Signed, parts: Console, form: Fields
) -> Response:
    """Take it; with mistakes told next to their fields, and nothing that was typed lost."""
    _only_key(key)
    _only_form(name)
    about = text_in(form, "about", 500) or key
    try:
        shown = parts.book.open(visitor.caller, name, about)
        answers = _answers(shown, form)
        reply = parts.book.submit(visitor.caller, name, about, answers)
    except FieldErrors as error:
        return _form_page(request, visitor, key, shown, answers, error.errors)
    except (Refused, DataError) as error:
        return see_other(f"/console/incidents/{key}", str(error))
    parts.wake()
    if reply.opens is not None:
        return _form_page(request, visitor, key, reply.opens, {}, {})
    return see_other(f"/console/incidents/{key}", told(reply))


def told(reply: Reply) -> str:
    """What a reply says, as one line of text."""
    return _words(reply.message) if reply.message is not None else "Done."


def _words(message: AnyMessage) -> str:
    match message:
        case Notice():
            return message.text
        case Board():
            return f"{message.title}. {message.note}".strip()
        case _:
            return "Done."


def _answers(shown: Form, sent: FormData) -> Answers:
    found: dict[str, str | tuple[str, ...]] = {}
    for field in shown.fields:
        if field.kind == "choices":
            known = {option.value for option in field.options}
            chosen = (value for value in sent.getlist(field.name) if isinstance(value, str))
            found[field.name] = tuple(value for value in chosen if value in known)
        else:
            found[field.name] = redact(text_in(sent, field.name, _LONGEST))
    return found


def _form_page(
    request: Request,
    visitor: Visitor,
    key: str,
    form: Form,
    answers: Answers,
    errors: "dict[str, str]",
) -> Response:
    return page(
        request,
        "form.html",
        visitor=visitor,
        tab="incidents",
        key=key,
        form=form,
        answers=answers,
        errors=errors,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
    )


def _only_key(key: str) -> None:
    """What stands in an address goes into a command's line: nothing but a key may."""
    number = key.upper().removeprefix("RCL-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no incident “{key[:40]}”.")


def _only_form(name: str) -> None:
    if name not in FORMS:
        raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such form.")
