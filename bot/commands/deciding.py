"""The forms behind the buttons of a request: rejecting it with a reason, asking for changes, and
changing it."""

from bot.actions.cards import headline
from bot.actions.model import ActionButton, ActionRequest, RequestState
from bot.actions.presses import LONGEST_REASON, ActionButtons, ActionPress
from bot.chat.forms import Answers, Field, Form, text_of
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.commands.actions import form_about, requests_of
from bot.commands.model import Caller, FieldErrors, FormHandler, Refused, Reply, Tools
from bot.uow import UnitOfWork

_OLD = "That button is too old; look at the newest message of the request."
_ASKS = {
    "action_reject": ("Reject it", "Why not?", "Reject"),
    "action_changes": ("Ask for changes", "What should be changed?", "Ask"),
}
_DONE = {
    "action_reject": "{key} is rejected. Whoever asked for it is told why.",
    "action_changes": "{key} waits for changes. Whoever asked for it is told which.",
}


def _handler(action: str) -> FormHandler:
    """One form for each of the two ways to turn a request down."""
    form = {"action_reject": "act_reject", "action_changes": "act_changes"}[action]

    def open_form(tools: Tools, caller: Caller, about: str) -> Form:
        with tools.units.read() as uow:
            _, request = pressed(uow, caller, about, action)
        if request.state is not RequestState.AWAITING_APPROVAL:
            raise Refused(as_it_is(request))
        title, label, submit = _ASKS[action]
        return Form(
            name=form,
            title=title,
            about=about,
            intro=(
                f"{request.key}: {request.frozen.title}, sha256 {request.digest[:12]}. What you "
                "write is shown to whoever asked for it, and kept."
            ),
            fields=(Field(name="reason", label=label, kind="long_text"),),
            submit=submit,
        )

    def submit(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
        with tools.units.read() as uow:
            _, request = pressed(uow, caller, about, action)
        reason = text_of(answers, "reason").strip()
        if not reason:
            raise FieldErrors({"reason": "Say why, in a few words."})
        if len(reason) > LONGEST_REASON:
            raise FieldErrors({"reason": f"At most {LONGEST_REASON} characters, please."})
        requests = requests_of(tools)
        press = ActionPress(
            actor=caller.actor, token=about, reply_to=caller.at, reason=reason, in_line=True
        )
        why_not = ActionButtons(requests.units, requests.book, requests.clock).deal(press)
        if why_not:
            raise Refused(f"{request.key} stays as it is, because {why_not}.")
        return Reply(message=Notice(text=_DONE[action].format(key=request.key)))

    return FormHandler(open=open_form, submit=submit)


REJECT = _handler("action_reject")
CHANGES = _handler("action_changes")


def open_change(tools: Tools, caller: Caller, about: str) -> Form:
    """The form of the action once more, filled in with what was asked for before."""
    requests = requests_of(tools)
    with tools.units.begin() as uow:
        _, request = pressed(uow, caller, about, "action_change")
        if request.state is not RequestState.CHANGES_ASKED:
            raise Refused(as_it_is(request))
        same = requests.book.same
        if same.person_of(caller.actor) != same.person_of_key(request.requested_by):
            raise Refused(f"Only whoever asked for {request.key} changes it.")
        if request.frozen.template_id not in requests.book.catalogue.templates:
            raise Refused("That action is not in the catalogue any more.")
        number = request.incident_id
        return form_about(
            uow,
            tools,
            caller,
            request.frozen.template_id,
            uow.incidents.get(number) if number is not None else None,
            at=Destination(request.team_id, request.channel, request.thread),
            given=request.frozen.parameters,
            source=request.key,
            reason=request.reason,
            replaces=str(request.id),
        )


def submit_change(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """What the button opens is the form of /recall act, and is submitted as that."""
    raise Refused(_OLD)


CHANGE = FormHandler(open=open_change, submit=submit_change)


def pressed(
    uow: UnitOfWork, caller: Caller, token: str, action: str
) -> tuple[ActionButton, ActionRequest]:
    """What a button stands for. Who may do what with it is decided when it is done."""
    button = uow.actions.button(token)
    is_ours = button is not None and button.team_id == caller.at.team_id
    if button is None or not is_ours or button.action != action or button.request_id is None:
        raise Refused(_OLD)
    request = uow.actions.get(button.request_id)
    if request is None:
        raise Refused(_OLD)
    return button, request


def as_it_is(request: ActionRequest) -> str:
    return f"{request.key} does not wait for that any more: {headline(request).lower()}."
