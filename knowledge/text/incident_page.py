"""A past incident as a Markdown page: facts in the front matter, words under headings.

`page_of` and `fields_of` are each other's inverse for everything that a record knows, whatever
its texts hold: a line that would be a heading, or the mark of an empty section, gets a backslash
in front, and log lines stand in a fence that is longer than any in them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import yaml

from knowledge.errors import BadDocument
from knowledge.text.front_matter import split_front_matter

EMPTY = "_not filled in yet_"
"""What stands under the heading of something that nobody has said."""

_SECTIONS: Mapping[str, str] = {
    "symptom": "Symptom",
    "impact": "Impact",
    "cause": "Cause",
    "resolution": "What fixed it",
    "lessons": "Lessons",
}
_LOGS = "Logs"
_TIMELINE = "Timeline"
_FIELDS = {heading.lower(): field for field, heading in _SECTIONS.items()}
_FACTS = (
    "id",
    "title",
    "service",
    "services",
    "environment",
    "severity",
    "started_at",
    "resolved_at",
    "alert_names",
    "labels",
    "neighbours",
    "changes",
    "tags",
    "runbook",
    "url",
    "confirmed_by",
    "visibility",
    "state",
)
_HEADING = re.compile(r"##[ \t]+(\S.*?)[ \t]*")
_WOULD_BE_MARKUP = re.compile(rf"\\*(?:#.*|{re.escape(EMPTY)})")
_ESCAPED = re.compile(rf"\\+(?:#.*|{re.escape(EMPTY)})")
_FENCE = re.compile(r"(`{3,})[ \t]*(?:text)?[ \t]*")
_BACKTICKS = re.compile(r"`+")
_IMPACT = "Impact: "


def page_of(fields: Mapping[str, object], timeline: Sequence[str] = ()) -> str:
    """The page of a record in the names of RECORD_SCHEMA, with `impact` and `lessons` beside
    them; `timeline` are lines to be read, which are no part of the record."""
    head = {name: fields[name] for name in _FACTS if fields.get(name)}
    if fields.get("visibility") == []:
        head["visibility"] = []  # nobody: must not become everybody by being left out
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=2**31)
    parts = [f"---\n{front}---\n", f"# {_line(fields.get('id'))}: {_line(fields.get('title'))}\n"]
    for field, heading in _SECTIONS.items():
        parts.append(f"## {heading}\n\n{_escaped(str(fields.get(field) or ''))}\n")
    logs = fields.get("logs")
    if isinstance(logs, list | tuple) and logs:
        parts.append(f"## {_LOGS}\n\n" + "\n".join(_fenced(str(log)) for log in logs))
    if timeline:
        lines = "".join(f"- {_line(one)}\n" for one in timeline)
        parts.append(f"## {_TIMELINE}\n\n{lines}")
    return "\n".join(parts)


def fields_of(page: str) -> dict[str, object]:
    """The record of a page. Headings that are none of ours are left out, as is the timeline.

    Raises BadDocument for a front matter that is none, or broken.
    """
    text = page.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    head, body = split_front_matter(text)
    if not head:
        raise BadDocument("has no front matter with at least a title")
    record: dict[str, object] = {key: value for key, value in head.items() if value is not None}
    for heading, lines in _sections(body):
        field = _FIELDS.get(heading.lower())
        if field is not None:
            record[field] = _unescaped(lines)
        elif heading == _LOGS:
            record["logs"] = _blocks(lines)
    return record


def with_impact(fields: Mapping[str, object]) -> dict[str, object]:
    """The record as the memory keeps it: what people felt is a part of what was seen."""
    symptom, impact = str(fields.get("symptom") or ""), str(fields.get("impact") or "")
    parts = (symptom.strip(), f"{_IMPACT}{impact.strip()}" if impact.strip() else "")
    return {**fields, "symptom": "\n\n".join(part for part in parts if part)}


def _line(value: object) -> str:
    return " ".join(str(value or "").split())


def _escaped(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    body = "\n".join(f"\\{line}" if _WOULD_BE_MARKUP.fullmatch(line) else line for line in lines)
    return body if body.strip() else EMPTY


def _unescaped(lines: Sequence[str]) -> str:
    text = "\n".join(line[1:] if _ESCAPED.fullmatch(line) else line for line in lines).strip()
    return "" if "\n".join(lines).strip() == EMPTY else text


def _fenced(log: str) -> str:
    text = log.replace("\r\n", "\n").replace("\r", "\n")
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def _sections(body: str) -> Iterable[tuple[str, list[str]]]:
    """(heading, its lines); a heading inside a log is a line of the log."""
    heading, lines, fence = "", list[str](), ""
    for line in body.split("\n"):
        found = _HEADING.fullmatch(line) if not fence else None
        if found is not None:
            yield heading, lines
            heading, lines = found[1], []
            continue
        if heading == _LOGS:
            fence = _after(line, fence)
        lines.append(line)
    yield heading, lines


def _after(line: str, fence: str) -> str:
    """The fence that is open after a line, "" for none."""
    if fence:
        return "" if line.rstrip() == fence else fence
    opened = _FENCE.fullmatch(line)
    return opened[1] if opened is not None else ""


def _blocks(lines: Sequence[str]) -> list[str]:
    blocks: list[str] = []
    fence, inside = "", list[str]()
    for line in lines:
        after = _after(line, fence)
        if fence and not after:
            blocks.append("\n".join(inside))
            inside = []
        elif fence:
            inside.append(line)
        fence = after
    return blocks
