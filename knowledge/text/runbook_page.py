"""A runbook as the Markdown page it is written in: front matter, then the body.

`page_of` and `knowledge.text.pages.parse_runbook` are each other's inverse, and one runbook has
one page: pages can be compared, merged and exported as text.
"""

import re

import yaml

from knowledge.model import EVERYONE, Origin, Runbook
from knowledge.text.sections import first_heading, plain_heading

_LISTS = ("services", "environments", "alerts", "tags")
_OPENS_FRONT_MATTER = re.compile(r"---[ \t]*(?:\n|$)")


def page_of(runbook: Runbook) -> str:
    """The page of a runbook, ending in one line break. State and version are no part of it.

    Dates, lists and visibility stand one value a line, so that two people who edit different ones
    do not meet.
    """
    head: dict[str, object] = {}
    if _spoken_title(runbook) != runbook.title:
        head["title"] = runbook.title
    for name in _LISTS:
        if values := getattr(runbook, name):
            head[name] = list(values)
    if runbook.owner:
        head["owner"] = runbook.owner
    if runbook.actions:
        head["actions"] = [
            {"template": one.template, "parameters": dict(one.parameters)}
            if one.parameters
            else one.template
            for one in runbook.actions
        ]
    if runbook.reviewed is not None:
        head["reviewed"] = runbook.reviewed
    if runbook.review_by is not None:
        head["review_by"] = runbook.review_by
    if runbook.visibility != EVERYONE:
        head["visibility"] = sorted(runbook.visibility.channels or ())
    if runbook.origin is not Origin.TEAM:
        head["origin"] = runbook.origin.value
    if runbook.url:
        head["url"] = runbook.url
    head |= {key: value for key, value in runbook.extra.items() if key not in head}
    body = runbook.body.strip("\n")
    if not head and not _OPENS_FRONT_MATTER.match(body):
        return f"{body}\n"
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=2**31) if head else ""
    return f"---\n{front}---\n\n{body}\n"


def _spoken_title(runbook: Runbook) -> str:
    """The title that the page has without one in its front matter."""
    return plain_heading(first_heading(runbook.body) or runbook.id) or runbook.id
