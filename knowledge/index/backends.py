"""The vector backends by name. A new backend is one file and one line here."""

from collections.abc import Mapping

from knowledge.index.exact import ExactIndex
from knowledge.index.faiss import FaissIndex

VECTOR_BACKENDS: Mapping[str, type[ExactIndex] | type[FaissIndex]] = {
    "faiss": FaissIndex,
    "exact": ExactIndex,
}
