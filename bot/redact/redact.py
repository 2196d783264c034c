"""Applying the rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bot.redact.finder import Finder, Hit, lowered
from bot.redact.gitleaks import gitleaks_rules
from bot.redact.personal import EMAILS, without_cards
from bot.redact.rules import BLOCK_RULES, LINE_RULES, SECRET_LABEL, Rule, mark
from bot.redact.scanned import ScannedRule, Span, merged

REDACTION_VERSION = 2
"""Raised when a rule changes, so that what was kept earlier can be told apart."""

_REMEMBERED = 10_000
"""Sets of words of which the rules are remembered: the same few occur again and again."""

_ROUNDS = 4
"""Most times that a line is looked at anew after something was taken out of it."""

_BLOCKS = [(literal, rule) for rule in BLOCK_RULES for literal in rule.literals]


class Redactor:
    """Recall's own rules, gitleaks', and what the team asks for besides.

    `extra` are the team's own patterns. Safe to use from several threads.
    """

    def __init__(
        self, extra: Sequence[ScannedRule] = (), *, emails: bool = False, cards: bool = False
    ) -> None:
        scanned = [*gitleaks_rules(), *extra, *([EMAILS] if emails else [])]
        self._cards = cards
        self._finder = Finder(
            literal
            for words in (
                *(rule.literals for rule in (*BLOCK_RULES, *LINE_RULES)),
                *(rule.keywords for rule in scanned),
            )
            for literal in words
        )
        self._rules = scanned
        self._remembered: dict[frozenset[int], tuple[list[int], list[int]]] = {}
        self._own = self._by_word([rule.literals for rule in LINE_RULES])
        self._scanned = self._by_word([rule.keywords for rule in scanned])

    def _by_word(self, words_of_rules: Sequence[Sequence[str]]) -> list[frozenset[int]]:
        """For each word of the finder the places of the rules that have it."""
        concerned: dict[str, set[int]] = defaultdict(set)
        for place, words in enumerate(words_of_rules):
            for word in words:
                concerned[word].add(place)
        return [frozenset(concerned[word]) for word in self._finder.words]

    def redact(self, text: str) -> str:
        """`text` with every secret that a rule knows replaced by a mark that names its kind.

        Idempotent, and linear in the length of the text. Only private keys are looked for across
        lines; all else is within one, so that a log is judged line by line however it is handed
        in.
        """
        low = lowered(text)
        hits = self._finder.find(low)
        if hits:
            text = self._redacted(text, low, hits)
        return without_cards(text, mark("card number")) if self._cards else text

    def _redacted(self, text: str, low: str, hits: Sequence[Hit]) -> str:
        for literal, block in _BLOCKS:
            if literal in low:
                text = block.pattern.sub(block.replace, text)
                hits = self._finder.find(lowered(text))
        if "\n" not in text:
            return self._line(text, hits, 0) if hits else text
        done = place = 0
        kept: list[str] = []
        while place < len(hits):
            # Lines without a hit are never looked at.
            begin = text.rfind("\n", 0, hits[place][1]) + 1
            end = text.find("\n", begin)
            end = len(text) if end < 0 else end
            first = place
            while place < len(hits) and hits[place][1] < end:
                place += 1
            kept += (text[done:begin], self._line(text[begin:end], hits[first:place], begin))
            done = end
        kept.append(text[done:])
        return "".join(kept)

    def _line(self, line: str, hits: Sequence[Hit], offset: int) -> str:
        """`offset` is where in the text that was searched for `hits` this line begins."""
        own, concerned = self._concerned(frozenset([hit[0] for hit in hits]))
        before = line
        for place in own:
            rule = LINE_RULES[place]
            # Once the line has changed, the places of the words in it are not known any more.
            is_due = rule.after is None or line != before
            if is_due or self._follows(place, rule, line, hits, offset):
                line = rule.pattern.sub(rule.replace, line)
        for _ in range(_ROUNDS):
            if line != before:
                hits, offset = self._finder.find(lowered(line)), 0
                concerned = self._concerned(frozenset([hit[0] for hit in hits]))[1]
            before = line
            line = self._without_spans(line, concerned, hits, offset)
            if line == before:
                break
        return line

    def _follows(self, place: int, rule: Rule, line: str, hits: Sequence[Hit], offset: int) -> bool:
        """Whether what must follow a literal of that own rule does."""
        return rule.after is None or any(
            place in self._own[word] and rule.after.match(line, end - offset) is not None
            for word, _, end in hits
        )

    def _concerned(self, words: frozenset[int]) -> tuple[list[int], list[int]]:
        """The own rules and the scanned ones that have one of these words, in order."""
        known = self._remembered.get(words)
        if known is None:
            own: set[int] = set().union(*(self._own[word] for word in words))
            scanned: set[int] = set().union(*(self._scanned[word] for word in words))
            known = (sorted(own), sorted(scanned))
            if len(self._remembered) < _REMEMBERED:
                self._remembered[words] = known
        return known

    def _without_spans(
        self, line: str, concerned: Sequence[int], hits: Sequence[Hit], offset: int
    ) -> str:
        if not concerned:
            return line
        names: dict[Span, str] = {}
        for place in concerned:
            rule = self._rules[place]
            starts = (
                [begin - offset for word, begin, _ in hits if place in self._scanned[word]]
                if rule.is_led
                else ()
            )
            for span in rule.spans(line, starts):
                names.setdefault(span, rule.name)
        if not names:
            return line
        for span in reversed(merged(list(names))):
            name = names.get(span) or next(
                named for inner, named in names.items() if span[0] <= inner[0] < span[1]
            )
            line = f"{line[: span[0]]}{mark(name)}{line[span[1] :]}"
        return line


class _Active:
    """The redactor in force in this process; the plain one until another is set."""

    redactor: Redactor | None = None


def active() -> Redactor:
    """The redactor in force in this process."""
    if _Active.redactor is None:
        _Active.redactor = Redactor()
    return _Active.redactor


def use(redactor: Redactor) -> None:
    """Have `redact` work with `redactor` from now on, everywhere in this process."""
    _Active.redactor = redactor


def redact(text: str) -> str:
    """`Redactor.redact` of the redactor in force."""
    return active().redact(text)


def redact_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The same labels with redacted values; all of the value where the name says it is one."""
    return {
        redact(name): mark("secret") if value and SECRET_LABEL.search(name) else redact(value)
        for name, value in labels.items()
    }
