"""A Markdown body taken apart: sections by heading, blocks inside them, all by source lines.

Block structure alone is parsed (markdown-it-py, inline rules off); what is shown later is cut
from the source itself, so it stays verbatim.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.model import SectionRole

_ROLE_WORDS: tuple[tuple[SectionRole, re.Pattern[str]], ...] = tuple(
    (role, re.compile(rf"\b(?:{words})\b"))
    for role, words in (
        (
            SectionRole.ROLLBACK,
            r"undo|undoing|roll(?:ing)?[ -]?back|rollback|revert(?:ing)?|back ?out",
        ),
        (SectionRole.ESCALATE, r"escalat\w+|who to call|contacts?|when to page|get help|support"),
        (
            SectionRole.MITIGATION,
            r"mitigat\w+|what to do|resolutions?|resolv(?:e|ing)|fix(?:es|ing)?|remed\w+|recover\w*"
            r"|work ?arounds?|repair|immediate actions?|recommended actions?",
        ),
        (
            SectionRole.CONFIRM,
            r"diagnos\w+|checks?|checking|confirm\w*|investigat\w+|verif\w+|debug\w*"
            r"|triage|how to tell",
        ),
        (
            SectionRole.MITIGATION,
            r"steps?|actions?|how to|procedures?|playbook|runbook|troubleshoot\w*",
        ),
        (SectionRole.CAUSE, r"(?:root )?causes?|why|reasons?"),
        (
            SectionRole.SYMPTOM,
            r"meaning|symptoms?|impact|what (?:it|this) means|summary|description|overview"
            r"|what happened|background",
        ),
        (SectionRole.LOGS, r"logs?|log lines?|sample output"),
    )
)
_LINK = re.compile(r"!?\[([^\]\[]{0,300})\]\([^()\s]{0,2000}(?:\s[^()]{0,200})?\)")
_EMPHASIS = re.compile(r"[`*]+|(?<!\w)_+|_+(?!\w)")
_NUMBERING = re.compile(r"^(?:step\s+)?\d+(?:\.\d+)*[.):]?\s+", re.IGNORECASE)
_MAX_HEADING = 200


class BlockKind(StrEnum):
    TEXT = "text"
    CODE = "code"
    ITEM = "item"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """Source lines `start` to `end` (end not included) that belong together."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """What stands between one heading and the next.

    `path` holds the headings from the outermost to its own; empty before the first heading.
    `tokens` are the block tokens of the section.
    """

    path: tuple[str, ...]
    role: SectionRole
    blocks: tuple[Block, ...]
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[str, ...]
    sections: tuple[Section, ...]

    def slice(self, start: int, end: int) -> str:
        """The source lines, without blank lines at either end."""
        return "\n".join(self.lines[start:end]).strip("\n")


def role_of(heading: str) -> SectionRole:
    """What a section with this heading is for; OTHER when the words do not say."""
    plain = _NUMBERING.sub("", heading.strip().lower())
    for role, words in _ROLE_WORDS:
        if words.search(plain):
            return role
    return SectionRole.OTHER


def plain_heading(raw: str) -> str:
    """A heading without Markdown's marks; links become their text."""
    text = _EMPHASIS.sub("", _LINK.sub(r"\1", raw))
    return " ".join(text.split())[:_MAX_HEADING]


def read_page(body: str) -> Page:
    """Sections of a Markdown body; a page without headings is one section.

    A sub-section whose own heading says nothing has the role of the section around it.
    """
    tokens = _parse(body)
    headings = list(_headings(tokens))
    one_title = sum(tokens[at].tag == "h1" for at in headings) == 1
    sections: list[Section] = []
    stack: list[tuple[int, str, SectionRole]] = []
    start = 0
    for heading_at in [*headings, len(tokens)]:
        own = tokens[start:heading_at]
        if any(token.map for token in own):
            role = stack[-1][2] if stack else SectionRole.TITLE
            path = tuple(title for _, title, _ in stack)
            sections.append(Section(path, role, tuple(_blocks(own)), tuple(own)))
        if heading_at == len(tokens):
            break
        level = int(tokens[heading_at].tag[1:])
        title = plain_heading(tokens[heading_at + 1].content)
        stack = [entry for entry in stack if entry[0] < level]
        role = role_of(title)
        if level == 1 and one_title:
            role = SectionRole.TITLE
        elif role is SectionRole.OTHER and stack and stack[-1][2] is not SectionRole.TITLE:
            role = stack[-1][2]
        stack.append((level, title, role))
        start = heading_at + 3
    return Page(tuple(body.split("\n")), tuple(sections))


def first_heading(body: str) -> str:
    """The text of the page's first heading, "" when it has none."""
    tokens = _parse(body)
    at = next(iter(_headings(tokens)), None)
    return "" if at is None else plain_heading(tokens[at + 1].content)


def _parse(body: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").disable("inline").parse(body)


def _headings(tokens: Sequence[Token]) -> Iterator[int]:
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0:
            yield index


def _blocks(tokens: Iterable[Token]) -> Iterator[Block]:
    """Top-level blocks; a list gives one block an item of its outermost level."""
    for token in tokens:
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "list_item_open" and token.level == 1:
            yield Block(BlockKind.ITEM, start, end)
        elif token.level > 0 or token.nesting < 0 or token.type in _CONTAINERS:
            continue
        elif token.type in ("fence", "code_block"):
            yield Block(BlockKind.CODE, start, end)
        elif token.type == "table_open":
            yield Block(BlockKind.TABLE, start, end)
        elif token.type != "hr":
            yield Block(BlockKind.TEXT, start, end)


_CONTAINERS = frozenset({"bullet_list_open", "ordered_list_open", "inline"})
