"""A whole log read once: formats, stack traces and templates, in bounded time and memory."""

from collections import deque
from collections.abc import Iterable, Iterator

from knowledge.text.logs.formats import read_line
from knowledge.text.logs.mining import Miner
from knowledge.text.logs.model import LogDigest, Record
from knowledge.text.logs.traces.assemble import Assembler, Entry, Event, Found
from knowledge.text.logs.traces.collect import Traces

MOST_LINES = 100_000
"""Lines of a log that are read; of more, the first and the last halves."""

LONGEST_LINE = 65_536
"""Characters of a line that are read."""

_BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_log(log: str | bytes | Iterable[str], *, year: int | None = None) -> LogDigest:
    """What a log says, in short.

    `log` is a text, undecoded bytes or lines. Bytes that are no UTF-8 (or UTF-16 with its mark)
    are replaced. `year` is that of times without one (syslog, klog); without it such times stay
    unknown. Takes time linear in the lines read (at most `MOST_LINES`) and bounded memory;
    never raises, whatever the lines hold.
    """
    return _Reader(year).read(log)


def template_of_lines(log: str | Iterable[str]) -> list[str]:
    """The template key of each line, "" for blank lines and stack traces: to measure grouping.

    Unlike `read_log` it takes memory for every line.
    """
    reader = _Reader(None, by_line={})
    digest = reader.read(log)
    return reader.keys_by_line(digest.lines)


class _Reader:
    def __init__(self, year: int | None, by_line: dict[int, object] | None = None) -> None:
        self._year = year
        self._by_line = by_line
        self._miner = Miner()
        self._assembler = Assembler()
        self._traces = Traces()
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
            templates=self._miner.templates(self._year),
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
        shape = self._miner.add(event.number, event.line, record)
        if self._by_line is not None:
            self._by_line[event.number] = shape

    def keys_by_line(self, lines: int) -> list[str]:
        """See `template_of_lines`."""
        keys, by_line = self._miner.keys(), self._by_line or {}
        return [keys.get(by_line.get(number), "") for number in range(1, lines + 1)]


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
    lines = lines_in(log) if isinstance(log, str) else iter(log)
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


def lines_in(text: str) -> Iterator[str]:
    """Lines one at a time, without a second copy of the text; none for the end's newline."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    if start < len(text):
        yield text[start:]
