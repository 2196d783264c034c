"""The way back: the steps under a page's heading on rollback, undo or revert."""

from collections.abc import Mapping, Sequence

from bot.chat.messages import Notice, StepList
from bot.suggestions.citing import cite, rollback_steps
from bot.suggestions.model import Step
from bot.suggestions.words import first_line, trimmed
from knowledge.model import Runbook, SectionRole
from knowledge.text.passages import passages_of

_PROSE = 1_200
NO_PAGE = (
    "No runbook was cited here and none fits, so I know no way back. "
    "`/recall runbook` followed by the service looks for its pages."
)


def way_back(
    pages: Sequence[Runbook], labels: Mapping[str, str], *, asked_by: str = ""
) -> StepList | Notice:
    """From the first of `pages` that says how; else which ones say nothing of it."""
    for page in pages:
        steps = rollback_steps(page, labels) or _prose(page)
        if steps:
            title = f"Rollback, from {first_line(page.title, 80)}"
            return StepList(title=title, steps=steps, asked_by=asked_by)
    if not pages:
        return Notice(text=NO_PAGE)
    named = " and ".join(f"“{first_line(page.title, 60)}”" for page in pages[:3])
    has = "has" if len(pages) == 1 else "have"
    return Notice(text=f"The runbook {named} {has} no section on rollback, undo or revert.")


def _prose(page: Runbook) -> tuple[Step, ...]:
    """The section's own words, where it has no list and no command."""
    said = [one for one in passages_of(page) if one.role is SectionRole.ROLLBACK]
    return tuple(
        Step(
            text=trimmed(one.text, _PROSE),
            is_code=False,
            citation=cite(page, " › ".join(one.title_path[1:])),
        )
        for one in said[:1]
    )
