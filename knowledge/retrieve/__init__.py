"""Ranking: candidates, features, fusion, causes, confidence."""

from knowledge.retrieve.ranking import Ranking
from knowledge.retrieve.retriever import Retriever
from knowledge.retrieve.weights import Limits, Weights

__all__ = ["Limits", "Ranking", "Retriever", "Weights"]
