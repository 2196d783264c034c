"""The Embedder port."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from knowledge.model import Generation

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    @property
    def generation(self) -> Generation:
        """What these vectors are comparable with."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), generation.dimension); thread-safe."""
        ...
