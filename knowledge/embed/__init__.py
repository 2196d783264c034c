"""Text to vectors. Implementations are imported by their file, lazily: torch is heavy."""

from knowledge.embed.port import Embedder

__all__ = ["Embedder"]
