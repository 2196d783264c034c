"""What a stored document says, read once and remembered: words, error names, log lines."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from knowledge.index.source import DocumentCard, KnowledgeSource
from knowledge.model import Document, PastIncident
from knowledge.retrieve.reading import (
    content_words,
    error_names,
    exact_tokens,
    line_words,
    masked_lines,
    stems,
)
from knowledge.text.logs import lines_in, lines_of, read_log
from knowledge.text.masking import mask
from knowledge.text.words import words_of

MOST_TEXT = 20_000
"""Characters of a document that evidence is read from."""

MOST_LOG_LINES = 300
"""Stored log templates and stack traces that a query's are compared with."""

REMEMBERED = 10_000
"""Documents whose facts stay in memory; about 8 kB each, for their words are shared."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Neighbouring alerts and changes of a past incident, as they were written."""

    neighbours: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Evidence in one document at one version.

    `words` are stemmed content words of title and text, `title_words` of the title alone;
    `logs` are the word sets of the stored log lines with the lines themselves beside them;
    `ending` is the masked text of cause and resolution, "" where no cause was recorded.
    `lines` are the masked lines of what was seen, to find an alert's own words in them.
    `neighbours` and `changes` are the stemmed words of the other alerts and of what was changed
    before, `labels` the alert's labels as `name=value`; `beside` has the lines as written.
    """

    words: frozenset[str]
    title_words: frozenset[str]
    exact: frozenset[str]
    errors: frozenset[str]
    logs: tuple[frozenset[str], ...]
    log_lines: tuple[str, ...]
    cause: str
    cause_words: frozenset[str]
    ending: str
    runbook: str | None
    lines: frozenset[str] = frozenset()
    neighbours: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    beside: Beside = Beside()


NOTHING = Facts(
    words=frozenset(),
    title_words=frozenset(),
    exact=frozenset(),
    errors=frozenset(),
    logs=(),
    log_lines=(),
    cause="",
    cause_words=frozenset(),
    ending="",
    runbook=None,
)


class KeptFacts(Protocol):
    """Facts that were read before, kept where they are read quicker; see `FactsFile`."""

    def of(self, wanted: Sequence[tuple[str, int]]) -> Mapping[str, Facts]: ...

    def keep(self, facts: Mapping[tuple[str, int], Facts]) -> None: ...

    def drop(self, document_ids: Iterable[str]) -> None: ...

    def clear(self) -> None: ...


class FactsReader:
    """Reads facts through a KnowledgeSource and remembers the latest; safe from several threads.

    With `kept`, what was read once is read from there, and it can follow an index: then the facts
    of what is indexed are there before anybody asks.
    """

    def __init__(
        self,
        source: KnowledgeSource,
        remembered: int = REMEMBERED,
        *,
        kept: KeptFacts | None = None,
    ) -> None:
        self._source = source
        self._remembered = remembered
        self._kept = kept
        self._facts: OrderedDict[tuple[str, int], Facts] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, cards: Sequence[DocumentCard]) -> Mapping[str, Facts]:
        """Facts by document id; a document that is gone meanwhile says nothing."""
        known: dict[str, Facts] = {}
        missing: dict[str, int] = {}
        with self._lock:
            for card in cards:
                facts = self._facts.get((card.id, card.version))
                if facts is None:
                    missing[card.id] = card.version
                else:
                    self._facts.move_to_end((card.id, card.version))
                    known[card.id] = facts
        if missing and self._kept is not None:
            stored = self._kept.of(list(missing.items()))
            self._remember({(one, missing.pop(one)): facts for one, facts in stored.items()})
            known.update(stored)
        if missing:
            read = self._read(list(missing))
            self._remember(read)
            known.update({document_id: facts for (document_id, _), facts in read.items()})
        return {card.id: known.get(card.id, NOTHING) for card in cards}

    def follow(self, changed: Sequence[DocumentCard], gone: Sequence[str]) -> None:
        """Keep the facts of documents that came or changed, and drop those of documents that
        went."""
        if self._kept is not None:
            self._kept.drop(gone)
            self._read([card.id for card in changed])

    def begin_anew(self) -> None:
        """The index is built again, maybe from another database: nothing known holds."""
        with self._lock:
            self._facts.clear()
        if self._kept is not None:
            self._kept.clear()

    def _read(self, document_ids: Sequence[str]) -> dict[tuple[str, int], Facts]:
        """From whole records; what they say is kept."""
        read = {
            (one.id, one.version): read_facts(one) for one in self._source.documents(document_ids)
        }
        if self._kept is not None:
            self._kept.keep(read)
        return read

    def _remember(self, found: Mapping[tuple[str, int], Facts]) -> None:
        with self._lock:
            self._facts.update(found)
            while len(self._facts) > self._remembered:
                self._facts.popitem(last=False)


def read_facts(document: Document) -> Facts:
    """Everything ranking takes from the document's text. Pure."""
    if isinstance(document, PastIncident):
        text = "\n".join((document.symptom, document.cause, document.resolution, *document.logs))
        logs, cause, runbook = document.logs, document.cause.strip(), document.runbook
        ending = mask(f"{cause}\n{document.resolution}".strip()) if cause else ""
        lines = masked_lines(document.symptom[:MOST_TEXT])
        beside = Beside(document.neighbours, document.changes)
        labels = label_pairs(document.labels)
    else:
        text, logs, cause, ending, runbook = document.body, (), "", "", None
        lines, beside, labels = frozenset(), Beside(), frozenset()
    raw = f"{document.title}\n{text}"[:MOST_TEXT]
    masked = words_of(mask(raw))
    title_words = content_words(mask(document.title))
    stored = lines_of(read_log(chain(*map(lines_in, logs))), MOST_LOG_LINES)
    return Facts(
        words=stems(masked),
        title_words=title_words,
        exact=exact_tokens(raw, masked),
        errors=error_names(raw),
        logs=tuple(line_words(text) for text, _ in stored),
        log_lines=tuple(line for _, line in stored),
        cause=cause,
        cause_words=content_words(mask(cause)),
        ending=ending,
        runbook=runbook,
        lines=lines,
        neighbours=said_words(beside.neighbours),
        changes=said_words(beside.changes),
        labels=labels,
        beside=beside,
    )


def said_words(lines: Sequence[str]) -> frozenset[str]:
    """The content words of neighbouring alerts or of changes, values aside."""
    return content_words(mask("\n".join(lines)[:MOST_TEXT]))


def label_pairs(labels: Mapping[str, str]) -> frozenset[str]:
    """Labels as they are compared: `name=value`."""
    return frozenset(f"{name}={value}".lower() for name, value in labels.items())
