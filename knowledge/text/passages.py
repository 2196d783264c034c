"""Documents cut into passages: what is embedded, matched and cited.

A passage fits the embedding model's window, so nothing of it is silently cut off, and it
carries the headings it stands under. What people read is cut from the source verbatim; what is
embedded is the same text without Markdown's marks and with volatile tokens masked.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from knowledge.model import Document, DocumentKind, Passage, PastIncident, Runbook, SectionRole
from knowledge.text.masking import mask
from knowledge.text.sections import Block, BlockKind, Page, Section, read_page, role_of
from knowledge.text.words import pieces_of

__all__ = ["passages_of", "role_of"]

WINDOW = 240
"""Estimated word pieces a passage may have, headings included; the model's limit is 256."""

_LEAST_BUDGET = WINDOW // 3
"""What is left for the text when the headings are very long."""

_TOKEN = re.compile(r"[A-Za-z]{1,60}|\d{1,60}|[^\sA-Za-z\d]")
_LETTERS_A_PIECE = 6
_LINK_TARGET = re.compile(r"\]\([^()\s]{1,2000}(?:\s[^()]{0,200})?\)")
_COMMENT = re.compile(r"<!--.{0,5000}?-->", re.DOTALL)
_FENCE_LINE = re.compile(r"^[ \t]{0,40}(?:```+|~~~+)[^\n]{0,200}$", re.MULTILINE)
_LIST_MARK = re.compile(r"^[ \t]{0,40}(?:[-*+]|\d{1,9}[.)])[ \t]+", re.MULTILINE)
_SPOKEN_FROM = 3
"""Pieces from which a word is an identifier rather than a name such as PostgreSQL."""

_EMPHASIS = re.compile(r"[*`]{1,3}")


def passages_of(document: Document) -> list[Passage]:
    """The passages of a document in reading order, ids 0; at least one."""
    if isinstance(document, Runbook):
        parts = list(_runbook_parts(document))
    else:
        parts = list(_incident_parts(document))
    return [
        _passage(document, ordinal, path, role, text, masked)
        for ordinal, (path, role, text, masked) in enumerate(parts)
    ]


_Part = tuple[tuple[str, ...], SectionRole, str, str]
"""(title path, role, verbatim text, masked text)"""


def _passage(
    document: Document,
    ordinal: int,
    path: tuple[str, ...],
    role: SectionRole,
    text: str,
    masked: str,
) -> Passage:
    kind = DocumentKind.RUNBOOK if isinstance(document, Runbook) else DocumentKind.PAST_INCIDENT
    digest = hashlib.sha256(masked.encode()).hexdigest()
    return Passage(
        document_id=document.id,
        kind=kind,
        ordinal=ordinal,
        title_path=path,
        role=role,
        text=text,
        masked=masked,
        hash=digest,
    )


def embedding_text(path: Sequence[str], text: str) -> str:
    """What the model reads for a passage: its headings, then its text, plain and masked."""
    plain = _LINK_TARGET.sub("]", _COMMENT.sub(" ", text))
    plain = _EMPHASIS.sub("", _LIST_MARK.sub("", _FENCE_LINE.sub("", plain)))
    lines = (" ".join(line.split()) for line in plain.split("\n"))
    body = "\n".join(line for line in lines if line)
    return mask("\n".join(part for part in (spoken_path(path), body) if part))


def spoken_path(path: Sequence[str]) -> str:
    """Headings as people would say them: identifiers of three words and more taken apart."""
    return " - ".join(" ".join(map(_spoken_word, heading.split())) for heading in path)


def _spoken_word(word: str) -> str:
    pieces = pieces_of(word)
    return word if len(pieces) < _SPOKEN_FROM else " ".join(pieces)


def estimated_pieces(text: str) -> int:
    """About how many word pieces a BERT tokenizer makes of `text`, rather too many than too few."""
    return sum(-(-len(token) // _LETTERS_A_PIECE) for token in _TOKEN.findall(text))


# --- runbooks -----------------------------------------------------------------------------


def _runbook_parts(runbook: Runbook) -> Iterator[_Part]:
    page = read_page(runbook.body)
    found = False
    for section in page.sections:
        path = _under_title(runbook.title, section.path)
        for text in _cut(page, section, WINDOW - estimated_pieces(spoken_path(path))):
            found = True
            yield path, section.role, text, embedding_text(path, text)
    if not found:  # headings alone, or marks that the parser takes for no block
        path = (runbook.title,)
        for text in _pack_lines(runbook.body, path):
            yield path, SectionRole.TITLE, text, embedding_text(path, text)


def _under_title(title: str, path: tuple[str, ...]) -> tuple[str, ...]:
    return path if path[:1] == (title,) else (title, *path)


def _cut(page: Page, section: Section, budget: int) -> Iterator[str]:
    """Texts of at most `budget` estimated word pieces, cut between blocks where possible."""
    budget = max(budget, _LEAST_BUDGET)
    groups: list[tuple[int, int, int]] = []  # (first line, end line, size)
    for start, end in _units(page, section.blocks, budget):
        size = estimated_pieces(page.slice(start, end))
        if groups and groups[-1][2] + size <= budget:
            groups[-1] = (groups[-1][0], end, groups[-1][2] + size)
        else:
            groups.append((start, end, size))
    for start, end, size in groups:
        text = page.slice(start, end)
        if not text.strip():
            continue
        if size > budget:  # one line longer than the window
            yield from _cut_long_line(text, budget)
        else:
            yield text


def _units(page: Page, blocks: Iterable[Block], budget: int) -> Iterator[tuple[int, int]]:
    """Line ranges that stay whole: a block, or the parts of a block over the budget."""
    previous: Block | None = None
    for block in blocks:
        start = block.start
        if (
            previous is not None
            and previous.kind is BlockKind.TEXT
            and block.kind in (BlockKind.CODE, BlockKind.ITEM)
            and estimated_pieces(page.slice(previous.start, block.end)) <= budget
        ):
            start = previous.start  # the sentence that introduces a command stays with it
        elif previous is not None:
            yield from _unit(page, previous, previous.start, budget)
        if start != block.start:
            block = Block(block.kind, start, block.end)
        previous = block
    if previous is not None:
        yield from _unit(page, previous, previous.start, budget)


def _unit(page: Page, block: Block, start: int, budget: int) -> Iterator[tuple[int, int]]:
    if estimated_pieces(page.slice(start, block.end)) <= budget:
        yield start, block.end
        return
    size = 0
    for line in range(start, block.end):
        own = estimated_pieces(page.lines[line])
        if size and size + own > budget:
            yield start, line
            start, size = line, 0
        size += own
    yield start, block.end


def _cut_long_line(text: str, budget: int) -> Iterator[str]:
    """Cut where a sentence ends, else at a space, else anywhere: no text is ever lost."""
    start = size = 0
    sentence = space = 0
    for match in _TOKEN.finditer(text):
        own = min(budget, estimated_pieces(match.group()))
        if size + own > budget and match.start() > start:
            cut = next((at for at in (sentence, space) if at > start), match.start())
            yield text[start:cut].strip()
            start, size = cut, estimated_pieces(text[cut : match.start()])
        size += own
        if text[match.end() : match.end() + 1].isspace():
            space = match.end()
            sentence = space if match.group() in ".!?;" else sentence
    if text[start:].strip():
        yield text[start:].strip()


# --- past incidents -----------------------------------------------------------------------


def _incident_parts(incident: PastIncident) -> Iterator[_Part]:
    """Symptom, logs, cause, resolution; what the record does not say gives no passage."""
    names = tuple(incident.alerts)
    path = (incident.title,)
    for number, text in enumerate(_pack_lines(incident.symptom, (*path, *names))):
        heading = (*path, *names) if number == 0 else path
        yield path, SectionRole.SYMPTOM, text, embedding_text(heading, text)
    if not incident.symptom.strip():
        yield path, SectionRole.SYMPTOM, incident.title, embedding_text((*path, *names), "")
    for log in incident.logs:
        part = (*path, "Logs")
        for text in _pack_lines(log, part):
            yield part, SectionRole.LOGS, text, _without_repeats(part, text)
    for heading_text, role, body in (
        ("Cause", SectionRole.CAUSE, incident.cause),
        ("Resolution", SectionRole.MITIGATION, incident.resolution),
    ):
        part = (*path, heading_text)
        for text in _pack_lines(body, part):
            yield part, role, text, embedding_text(part, text)


def _pack_lines(text: str, path: Sequence[str]) -> Iterator[str]:
    """Whole lines together up to the window; a longer line is cut."""
    budget = max(WINDOW - estimated_pieces(spoken_path(path)), _LEAST_BUDGET)
    kept: list[str] = []
    size = 0
    for line in text.strip().split("\n"):
        for piece in _cut_long_line(line, budget) if estimated_pieces(line) > budget else (line,):
            own = estimated_pieces(piece)
            if kept and size + own > budget:
                yield "\n".join(kept).strip("\n")
                kept, size = [], 0
            kept.append(piece)
            size += own
    if any(line.strip() for line in kept):
        yield "\n".join(kept).strip("\n")


def _without_repeats(path: Sequence[str], text: str) -> str:
    """Masked log lines, each once: a line logged a thousand times says no more than once."""
    return "\n".join(dict.fromkeys(embedding_text(path, text).split("\n")))
