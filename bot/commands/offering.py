"""The form behind a button of an answer: an action, filled in as the answer's runbook says."""

from bot.actions.offers import FORM, kept_offer, page_still_says
from bot.chat.forms import Answers, Form
from bot.chat.ports import Destination
from bot.commands.actions import form_about, requests_of
from bot.commands.finding import incident_called
from bot.commands.model import Caller, Refused, Reply, Tools

__all__ = ["FORM", "open_offer", "submit_offer"]

_OLD = "That button is too old; the newest message has new ones, or type /recall act."
_GONE = "That action is not in the catalogue any more; /recall act lists what is."
_CHANGED = (
    "The runbook was changed since this was posted, so nothing was filled in from it. Look at the "
    "page again, or type /recall act {name}."
)


def open_offer(tools: Tools, caller: Caller, about: str) -> Form:
    """`about` is the button's token. It gives no right: who asks is judged as for /recall act,
    and what the page fills in by the template as it is now."""
    requests = requests_of(tools)
    with tools.units.begin() as uow:
        button = uow.actions.button(about)
        is_ours = button is not None and button.team_id == caller.at.team_id
        if button is None or not is_ours or button.action != "offer":
            raise Refused(_OLD)
        offer, kept = kept_offer(button), button.content
        if offer.template not in requests.book.catalogue.templates:
            raise Refused(_GONE)
        incident = incident_called(uow, caller, kept["incident"]) if kept["incident"] else None
        if incident is not None and incident.state.is_over:
            raise Refused(
                f"{incident.key} is over. If it is wanted all the same, type "
                f"/recall act {incident.key} {offer.template}."
            )
        source = ""
        if offer.page:
            page = page_still_says(uow, offer, caller.audience)
            if page is None:
                raise Refused(_CHANGED.format(name=offer.template))
            source = f"the runbook “{page.title[:80]}”"
        return form_about(
            uow,
            tools,
            caller,
            offer.template,
            incident,
            at=Destination(caller.at.team_id, kept["channel"], kept["thread"] or None),
            given=offer.parameters,
            source=source,
        )


def submit_offer(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """What the button opens is the form of /recall act, and is submitted as that."""
    raise Refused(_OLD)
