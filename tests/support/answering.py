"""What a database's knowledge answers, in a form that two databases can be compared by."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.store.database import Database
from bot.suggestions.build import SuggestionBuilder
from knowledge.embed.hashing import HashingEmbedder
from knowledge.index.projection import Projection
from knowledge.model import Query
from knowledge.retrieve import Retriever


def answers(database: Database, queries: Sequence[Query]) -> list[Mapping[str, Any]]:
    """Each query's suggestion, receipt included. The numbers that an installation gives to its
    passages are told by document and place, and the number of changes so far is left out."""
    source = database.knowledge_source()
    projection = Projection(source, HashingEmbedder(256), None)
    projection.open()
    try:
        projection.catch_up()
        builder = SuggestionBuilder(Retriever(projection, source), source, ids=lambda: "the answer")
        made = [builder.suggest(query, asked=True) for query in queries]
        texts = {
            passage.id: f"{passage.document_id}#{passage.ordinal}"
            for passage in source.passages(sorted(source.live_passage_ids()))
        }
    finally:
        projection.close()
    return [_general(one.model_dump(mode="json"), texts) for one in made]


def _general(value: Any, texts: Mapping[int, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            name: _general(item, texts, name) for name, item in value.items() if name != "revision"
        }
    if isinstance(value, list):
        return [_general(item, texts, key) for item in value]
    if isinstance(value, int) and (key == "id" or "passage" in key):
        return texts[value]
    return value
