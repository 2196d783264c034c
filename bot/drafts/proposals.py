"""A proposed runbook edit as the page that accepting it would publish. Pure."""

from dataclasses import dataclass

from bot.drafts.model import Draft
from knowledge.errors import BadDocument
from knowledge.model import Runbook
from knowledge.text.front_matter import split_front_matter
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of

_LONGEST_HEADING = 120


@dataclass(frozen=True, slots=True)
class Proposal:
    """`text` is the whole page with the proposed words in it, made of `base_version` (0: a new
    page); `before` is what the page says now. `has_text` is False where the proposal names a
    problem and no words for it: then `text` is what is there already."""

    draft: Draft
    document_id: str
    base_version: int
    before: str
    text: str
    problem: str
    has_text: bool

    @property
    def published(self) -> str:
        """`text` as it would stand once it is published, to be compared with `before`; as it is
        where it is no page yet."""
        try:
            return page_of(parse_runbook(self.text, slug=self.document_id))
        except BadDocument:
            return self.text


def proposal_of(draft: Draft, current: Runbook | None) -> Proposal:
    """What people type into the form is a few lines, which go to the end of the page under a
    heading; what begins with a front matter or a title is the whole page."""
    said = str(draft.content.get("text") or "").strip()
    problem = " ".join(str(draft.content.get("problem") or "").split())
    before = page_of(current) if current is not None else ""
    text = before
    is_whole = draft.content.get("whole_page") is True or _is_whole_page(said)
    if said and (current is None or is_whole):
        text = f"{said}\n"
    elif said:
        text = f"{before.rstrip()}\n\n## {_heading(problem)}\n\n{said}\n"
    return Proposal(
        draft=draft,
        document_id=draft.subject,
        base_version=_base(draft, current),
        before=before,
        text=text,
        problem=problem,
        has_text=bool(said),
    )


def _base(draft: Draft, current: Runbook | None) -> int:
    """The version that the proposed text was made of, where the proposal knows it: what others
    published since is merged into it."""
    if current is None:
        return 0
    made_of = draft.content.get("base_version")
    is_known = isinstance(made_of, int) and 0 < made_of <= current.version
    return made_of if isinstance(made_of, int) and is_known else current.version


def _is_whole_page(text: str) -> bool:
    if text.startswith("# "):
        return True
    try:
        return bool(split_front_matter(text)[0])
    except BadDocument:
        return text.startswith("---\n")


def _heading(problem: str) -> str:
    if not problem:
        return "Added"
    if len(problem) <= _LONGEST_HEADING:
        return problem.rstrip(".")
    return f"{problem[:_LONGEST_HEADING].rstrip()}…"
