"""Finding any of many words in a text in one pass: the prefilter of all rules."""

from collections.abc import Iterable, Sequence

from ahocorasick_rs import AhoCorasick, Implementation

Hit = tuple[int, int, int]
"""The index of a word in `Finder.words`, where it begins and where it ends."""


class Finder:
    """Looks for lower-case `words`; overlapping ones are all found."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(sorted(set(words)))
        self._automaton = AhoCorasick(self.words, implementation=Implementation.DFA)

    def find(self, lowered: str) -> Sequence[Hit]:
        """What of `words` is in a lower-case text, by where it ends."""
        found: Sequence[Hit] = self._automaton.find_matches_as_indexes(lowered, overlapping=True)
        return found


def lowered(text: str) -> str:
    """`text` in lower case, each character at its place (some have two letters for one)."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(one if len(one.lower()) != 1 else one.lower() for one in text)
