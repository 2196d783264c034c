"""FAISS's objects for leaving hidden passages out of a search, made once for each hidden set."""

from collections import OrderedDict
from typing import Any

import faiss
import numpy as np

_KEPT = 32


class Selectors:
    """Selectors that refuse what is in a set of ids; the latest are remembered."""

    def __init__(self) -> None:
        self._known: OrderedDict[frozenset[int], tuple[Any, ...]] = OrderedDict()

    def of(self, without: frozenset[int]) -> Any:
        """A selector of all other ids; None, which is everything, for the empty set."""
        if not without:
            return None
        if without in self._known:
            self._known.move_to_end(without)
        else:
            ids = np.fromiter(without, dtype=np.int64, count=len(without))
            hidden = faiss.IDSelectorBatch(ids)
            # FAISS keeps bare pointers: what a selector is made of must live as long as it.
            self._known[without] = (faiss.IDSelectorNot(hidden), hidden, ids)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[without][0]
