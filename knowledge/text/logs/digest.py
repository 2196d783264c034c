"""A whole log read once: formats, stack traces and templates, in bounded time and memory."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator

from knowledge.text.logs.drain import Drain, Group
from knowledge.text.logs.formats import read_line
from knowledge.text.logs.formats.times import read_time
from knowledge.text.logs.model import Level, LogDigest, LogTemplate, Record, Value
from knowledge.text.logs.tokens import TokenMasker
from knowledge.text.logs.traces.assemble import Assembler, Entry, Event, Found
from knowledge.text.logs.traces.collect import Traces

MOST_LINES = 100_000
"""Lines of a log that are read; of more, the first and the last halves."""

LONGEST_LINE = 65_536
"""Characters of a line that are read."""

LONGEST_EXAMPLE = 1_000
_BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_log(log: str | bytes | Iterable[str], *, year: int | None = None) -> LogDigest:
    """What a log says, in short.

    `log` is a text, undecoded bytes or lines. Bytes that are no UTF-8 (or UTF-16 with its mark)
    are replaced. `year` is that of times without one (syslog, klog); without it such times stay
    unknown. Takes time linear in the lines read (at most `MOST_LINES`) and bounded memory;
    never raises, whatever the lines hold.
    """
    return _Reader(year).read(log)


def template_key(level: Level, tokens: Iterable[str]) -> str:
    """The key of a template: 16 hex digits of the SHA-256 of its level and text."""
    text = f"{level} {' '.join(tokens)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class _Reader:
    def __init__(self, year: int | None) -> None:
        self._year = year
        self._masker = TokenMasker()
        self._drain = Drain()
        self._assembler = Assembler()
        self._traces = Traces()
        self._examples: dict[Group, tuple[str, str]] = {}
        self._blank = 0

    def read(self, log: str | bytes | Iterable[str]) -> LogDigest:
        lines = unread = 0
        push = self._assembler.push
        for number, line in _numbered(log):
            if line is None:
                unread = number
                continue
            lines += 1
            line = line[:LONGEST_LINE].rstrip("\r\n")
            for event in push(Entry(number, line, read_line(line))):
                self._event(event)
        for event in self._assembler.flush():
            self._event(event)
        return LogDigest(
            templates=tuple(self._template(group) for group in self._drain.groups),
            traces=self._traces.made(self._year),
            lines=lines + unread,
            blank=self._blank,
            unread=unread,
        )

    def _event(self, event: Event) -> None:
        if isinstance(event, Found):
            self._traces.add(event)
            return
        record = event.record
        if not record.is_headed and (not record.message or record.message.isspace()):
            self._blank += 1
            return
        stack = record.fields.get("stack") or _unescaped(record.message)
        if stack and self._traces.add_inside(event, stack):
            record = Record(
                record.message.partition("\\n")[0], record.time, record.level, record.fields
            )
        self._count(event, record)

    def _count(self, entry: Entry, record: Record) -> None:
        tokens, words = self._masker.tokens(record.message)
        group = self._drain.add(record.level, tokens, words)
        group.last = (entry.number, record.time)
        if group.count == 1:
            group.first = group.last
            example = entry.line[:LONGEST_EXAMPLE]
            self._examples[group] = (example, record.fields.get("logger", ""))

    def _template(self, group: Group) -> LogTemplate:
        example, logger = self._examples[group]
        return LogTemplate(
            key=template_key(group.level, group.tokens),
            tokens=tuple(group.tokens),
            level=group.level,
            count=group.count,
            first_line=group.first[0],
            last_line=group.last[0],
            first_time=read_time(group.first[1], self._year),
            last_time=read_time(group.last[1], self._year),
            example=example,
            values={
                place: tuple(Value(text, count) for text, count in values.items())
                for place, values in sorted(group.values.items())
            },
            cut=frozenset(group.cut),
            logger=logger,
        )


def _unescaped(message: str) -> str:
    """A trace that a logger squeezed into one line, its line breaks restored; "" for others."""
    if "\\n" not in message or (
        "\\tat " not in message and " at " not in message and "File " not in message
    ):
        return ""
    return message.replace("\\r", "").replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


def _numbered(log: str | bytes | Iterable[str]) -> Iterator[tuple[int, str | None]]:
    """(line number from 1, line); between the halves (lines left out, None)."""
    if isinstance(log, bytes):
        log = _decoded(log)
    lines = _lines(log) if isinstance(log, str) else iter(log)
    half = MOST_LINES // 2
    total = 0
    for line in lines:
        total += 1
        yield total, line
        if total == half:
            break
    tail: deque[str] = deque(maxlen=half)
    for line in lines:
        total += 1
        tail.append(line[:LONGEST_LINE])
    left_out = max(0, total - half - len(tail)) if total > half else 0
    if left_out:
        yield left_out, None
    start = total - len(tail)
    for place, line in enumerate(tail, start + 1):
        yield place, line


def _decoded(log: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if log.startswith(mark):
            return log[2:].decode(encoding, "replace")
    return log.decode("utf-8-sig", "replace")


def _lines(text: str) -> Iterator[str]:
    """Lines one at a time, without a second copy of the text; none for the end's newline."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    if start < len(text):
        yield text[start:]
