"""The steps of a runbook: list items and code blocks, verbatim, never composed prose."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from knowledge.model import Runbook, SectionRole
from knowledge.text.named_actions import is_block
from knowledge.text.sections import Section, read_page

MITIGATION = frozenset({SectionRole.MITIGATION})
_WITHOUT_STEPS = frozenset({SectionRole.CAUSE, SectionRole.LOGS, SectionRole.ESCALATE})


@dataclass(frozen=True, slots=True)
class RawStep:
    """One list item or code block as it stands on the page.

    `section` is the title path without the page's own title, `language` a code block's info
    word ("" when it has none), `ordinal` its place among the page's steps, from 0.
    """

    text: str
    is_code: bool
    language: str
    section: tuple[str, ...]
    role: SectionRole
    ordinal: int


def steps_of(document: Runbook, roles: frozenset[SectionRole] = MITIGATION) -> list[RawStep]:
    """The steps of the sections with one of `roles`, in the order of the page.

    A code block inside a list item follows it as a step of its own; an item of a nested list
    is a step too. A page that has headings for none of the usual roles is taken as a whole.
    """
    sections = read_page(document.body).sections
    told = {section.role for section in sections} - {SectionRole.TITLE, SectionRole.OTHER}
    if not told and SectionRole.MITIGATION in roles:
        roles = roles | {SectionRole.TITLE, SectionRole.OTHER}
    steps: list[RawStep] = []
    for section in sections:
        if section.role not in roles:
            continue
        path = section.path[1:] if section.path[:1] == (document.title,) else section.path
        for text, language in _leaves(section):
            code = language is not None
            steps.append(RawStep(text, code, language or "", path, section.role, len(steps)))
    return steps


def _leaves(section: Section) -> Iterator[tuple[str, str | None]]:
    """(text, language) of each item and code block; language None for an item."""
    items: list[list[str]] = []
    for token in section.tokens:
        if token.type == "list_item_open":
            yield from _flush(items)
            items.append([])
        elif token.type == "list_item_close":
            yield from _flush(items)
            items.pop()
        elif token.type in ("fence", "code_block"):
            yield from _flush(items)
            # One that names an action is offered as a button; it is nothing to type.
            if token.content.strip() and not is_block(token):
                yield token.content.rstrip("\n"), _language(token)
        elif token.type == "inline" and items:
            items[-1].append(token.content)


def _flush(items: list[list[str]]) -> Iterator[tuple[str, None]]:
    if items and items[-1]:
        text = "\n\n".join(items[-1]).strip()
        items[-1] = []
        if text:
            yield text, None


def _language(token: Token) -> str:
    words = token.info.split()
    return words[0].lower() if words else ""
