"""The lines of one stack trace, reduced to what it says."""

import re
from dataclasses import dataclass

from knowledge.text.logs.model import Frame
from knowledge.text.logs.traces.frames import frame, go_function, go_place, own
from knowledge.text.masking import mask

MOST_FRAMES = 8
_LONGEST_MESSAGE = 400
_NAME = r"[A-Za-z_$][\w$]*(?:[.+/:]{1,2}[A-Za-z_$][\w$`]*)*"
_ENDING = (
    r"(?:Exception|Error|Throwable|Failure|Fault|Timeout|Interrupt|Exit|Warning|Group|Abort|Panic"
    r"|Iteration)"
)
HEAD = re.compile(
    rf"(?<![\w.$/])((?:[A-Za-z_$][\w$]{{0,60}}[.+]){{0,12}}[A-Za-z_$]?[\w$]{{0,80}}{_ENDING})"
    r"(?: \[\w{1,60}\])?(?= ?$|:| --->| at )(?:: ?(.*))?"
)
"""An exception's name with what it says."""

_BARE = re.compile(rf"({_NAME})(?:: (.*))?$")
_CAUSE = re.compile(r"\s*(?:Caused by|Suppressed): (.*)")
_PANIC = re.compile(r"(?:.*\b)?(panic(?: serving \S{1,80})?|fatal error): (.*)")
_GO_ERROR = re.compile(r"(runtime error|fatal error)(?:: (.*))?")
_INNER = " ---> "
_LEAD = re.compile(r"[\s|+-]*")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A trace without its place in a log; the fields are those of `StackTrace`."""

    language: str
    exception: str
    message: str
    causes: tuple[tuple[str, str], ...]
    frames: tuple[Frame, ...]


@dataclass(slots=True)
class _Section:
    exception: str
    message: str
    frames: list[Frame]


def parse(language: str, lines: list[str]) -> Parsed:
    """What the lines of one trace say. Never raises; what is missing stays empty."""
    sections = _READERS[language](lines)
    outer, *causes = sections or [_Section("", "", [])]
    frames: dict[tuple[str, str], Frame] = {}
    for section in reversed(sections):
        for one in section.frames:
            frames.setdefault((one.function, one.file), one)
    return Parsed(
        language=language,
        exception=outer.exception,
        message=_said(outer.message),
        causes=tuple((cause.exception, _said(cause.message)) for cause in causes[-5:]),
        frames=tuple(own(language, list(frames.values()))[:MOST_FRAMES]),
    )


def _said(message: str) -> str:
    return mask(" ".join(message[:_LONGEST_MESSAGE].split()))


def head_of(text: str) -> tuple[str, str]:
    """(exception, message) named in a line."""
    if match := HEAD.search(text):
        return match[1], match[2] or ""
    if match := _BARE.match(text.strip()):
        return match[1], match[2] or ""
    return "", text.strip()


def _python(lines: list[str]) -> list[_Section]:
    """Tracebacks come root first, each with its calls outermost first."""
    sections: list[_Section] = []
    calls: list[Frame] = []
    inside = False
    for line in lines:
        plain = _LEAD.sub("", line, count=1)
        if "Traceback (most recent call last)" in line:
            inside, calls = True, []
        elif call := frame("python", line):
            calls.append(call)
        elif (
            inside
            and plain
            and line.lstrip("| +-") == line.lstrip(" |")
            and _is_raised(line, calls)
        ):
            exception, message = head_of(plain)
            sections.append(_Section(exception, message, calls[::-1]))
            inside = False
    if inside:
        sections.append(_Section("", "", calls[::-1]))
    return sections[::-1]


def _is_raised(line: str, calls: list[Frame]) -> bool:
    bare = line.lstrip(" |")
    indent = len(line) - len(bare)
    if "|" in line[:indent]:
        return bool(HEAD.match(bare) or _BARE.match(bare)) and line[:indent].endswith("| ")
    return indent == 0 and bool(HEAD.match(bare) or (calls and _BARE.match(bare)))


def _java(lines: list[str]) -> list[_Section]:
    return _with_heads("java", lines)


def _node(lines: list[str]) -> list[_Section]:
    return _with_heads("node", lines)


def _with_heads(language: str, lines: list[str]) -> list[_Section]:
    """A head, its calls innermost first, then "Caused by" and the same again."""
    sections: list[_Section] = []
    for line in lines:
        if call := frame(language, line):
            if not sections:
                sections.append(_Section("", "", []))
            sections[-1].frames.append(call)
        elif match := _CAUSE.match(line):
            if line.lstrip().startswith("Caused") and len(sections) < 50:
                sections.append(_Section(*head_of(match[1]), []))
        elif not sections and line.strip():
            sections.append(_Section(*head_of(line), []))
        elif sections and not sections[-1].frames and line.strip():
            sections[-1].message = f"{sections[-1].message} {line.strip()}"[:_LONGEST_MESSAGE]
    return sections


def _dotnet(lines: list[str]) -> list[_Section]:
    """Heads outermost first, joined by " ---> "; the calls of the innermost come first."""
    heads: list[str] = []
    calls: list[list[Frame]] = [[]]
    for line in lines:
        if call := frame("dotnet", line):
            calls[-1].append(call)
        elif "--- End of inner exception" in line:
            calls.append([])
        elif not calls[0] and line.strip():
            heads.extend(part for part in line.split(_INNER) if part.strip())
    sections = [_Section(*head_of(head), []) for head in heads[:20]] or [_Section("", "", [])]
    for place, found in enumerate(calls):
        sections[max(0, len(sections) - 1 - place)].frames.extend(found)
    return sections


def _go(lines: list[str]) -> list[_Section]:
    exception = message = function = ""
    calls: list[Frame] = []
    routines = 0
    for line in lines:
        if not exception and (match := _PANIC.match(line)):
            exception, message = (
                match[1].split()[0] if match[1] != "fatal error" else match[1],
                match[2],
            )
        elif line.lstrip().startswith("goroutine "):
            routines += 1
        elif place := go_place(line):
            if function and routines <= 1:
                calls.append(Frame(function, *place))
            function = ""
        else:
            function = go_function(line.strip())
    if error := _GO_ERROR.match(message):
        exception, message = f"{exception}: {error[1]}", error[2] or ""
    return [_Section(exception, message, calls)]


_READERS = {"python": _python, "java": _java, "node": _node, "dotnet": _dotnet, "go": _go}
