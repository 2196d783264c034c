"""What becomes of a page that comes in from a file while people edit its copy here. Pure.

The base is what the file said when it was imported last: what differs from it on the one side is
news from the file, on the other an edit made here. No edit of either side is ever lost.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from knowledge.curate.merge import merge
from knowledge.errors import BadDocument
from knowledge.model import Origin, Runbook
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of


class Verdict(StrEnum):
    SAME = "same"
    """Both say the same."""
    KEPT = "kept"
    """The file brings no news; what was edited here stays."""
    TAKEN = "taken"
    """Nobody edited it here; the file's text takes its place."""
    MERGED = "merged"
    """Both changed, in different places; `page` has both."""
    CONFLICT = "conflict"
    """Both changed the same place; `text` holds both, for a person to choose."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """The verdict; `page` is what is to be stored for TAKEN and MERGED, `text` the page with the
    marks of a conflict, and `reason` why a person must look."""

    verdict: Verdict
    page: Runbook | None = None
    text: str = ""
    reason: str = ""


def judge(page: Runbook, stored: Runbook, base: str | None, source: str) -> Incoming:
    """`page` as the file has it, `stored` as it is here; `base` the page's text at the last
    import, None where nobody knows. `source` is what people know the file's place by.

    A generic page of the starter pack never changes one that the team wrote.
    """
    ours, theirs = page_of(stored), page_of(page)
    if ours == theirs:
        return Incoming(Verdict.SAME)
    if stored.origin is Origin.TEAM and page.origin is Origin.STARTER:
        return Incoming(Verdict.KEPT)
    if base == theirs:
        return Incoming(Verdict.KEPT)
    if base == ours:
        return Incoming(Verdict.TAKEN, page)
    merged = merge(base or "", ours, theirs, our_name="here", their_name=source)
    if merged.conflicts:
        reason = "the page was edited here, and the file changed the same lines"
        return Incoming(Verdict.CONFLICT, text=merged.text, reason=reason)
    try:
        both = parse_runbook(merged.text, slug=page.id)
    except BadDocument as error:
        reason = f"the edit made here and the file's are no valid page together: {error}"
        return Incoming(Verdict.CONFLICT, text=theirs, reason=reason)
    if page_of(both) == ours:
        return Incoming(Verdict.KEPT)
    return Incoming(Verdict.MERGED, replace(both, state=page.state))
