"""The latest changes of a lexical index: searched beside it until a commit takes them in.

A commit writes a segment and waits for the disk, tens of milliseconds however little changed.
These few passages are in memory meanwhile. Nothing is lost with them: whoever opens the index
again reads them from the database's log.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from knowledge.index.bm25 import FIELDS, Texts

Words = tuple[str, str]
"""(field, word)."""


class Tail:
    """Passages that were shown since the last commit, and committed ones that were taken back."""

    def __init__(self) -> None:
        self._texts: dict[int, Texts] = {}
        self._gone: set[int] = set()
        self._holding: dict[Words, set[int]] = {}
        self._less: Counter[Words] = Counter()
        """In how many passages of `gone` a word stands."""

    def __len__(self) -> int:
        """How many passages it takes to tell what changed."""
        return len(self._texts.keys() | self._gone)

    @property
    def texts(self) -> Mapping[int, Texts]:
        """The words of those that were shown, by id."""
        return self._texts

    @property
    def gone(self) -> Collection[int]:
        """Committed passages that are not there any more, or with other words."""
        return self._gone

    def change(self, before: Mapping[int, Texts], after: Mapping[int, Texts | None]) -> None:
        """`after` took the place of `before`, which were visible; None is none."""
        for identity, texts in after.items():
            own = self._texts.pop(identity, None)
            if own is not None:
                for words in words_in(own):
                    self._holding[words].discard(identity)
            elif identity in before:
                self._gone.add(identity)
                self._less.update(words_in(before[identity]))
            if texts is not None:
                self._texts[identity] = texts
                for words in words_in(texts):
                    self._holding.setdefault(words, set()).add(identity)

    def frequency(self, words: Words) -> int:
        """By how many more passages hold a word than the committed ones do."""
        return len(self._holding.get(words, ())) - self._less[words]

    def having(self, asked: Iterable[Words], without: Collection[int]) -> list[tuple[int, Texts]]:
        """Those that hold any of the words, but for `without`."""
        found = {i for words in asked for i in self._holding.get(words, ())}
        return [(i, self._texts[i]) for i in sorted(found) if i not in without]


def words_in(texts: Texts) -> set[Words]:
    """Each word of a passage once a field."""
    return {
        (field, word) for field, text in zip(FIELDS, texts, strict=True) for word in text.split()
    }
