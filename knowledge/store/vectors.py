"""Stored vectors: half floats, shared by all passages with the same masked text."""

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, select

from knowledge.embed.port import Vectors
from knowledge.errors import GenerationMismatch
from knowledge.model import Generation
from knowledge.store.statements import chunks, insert_into
from knowledge.store.tables import vector_spaces
from knowledge.store.tables import vectors as vectors_table

_HALF = np.dtype("<f2")


def _space_values(generation: Generation) -> dict[str, str | int]:
    return {
        "model_digest": generation.model_digest,
        "pooling": generation.pooling,
        "max_length": generation.max_length,
        "dimension": generation.dimension,
        "text_version": generation.text_version,
    }


def _space_id(connection: Connection, generation: Generation) -> int | None:
    values = _space_values(generation)
    statement = select(vector_spaces.c.id).where(
        *(vector_spaces.c[name] == value for name, value in values.items())
    )
    found: int | None = connection.execute(statement).scalars().first()
    return found


def load(
    connection: Connection, hashes: Sequence[str], generation: Generation
) -> Mapping[str, Vectors]:
    """Those that are stored, as float32 of shape (dimension,).

    GenerationMismatch when a stored vector has another length than the generation says.
    """
    space = _space_id(connection, generation)
    if space is None:
        return {}
    found: dict[str, Vectors] = {}
    for some in chunks(list(dict.fromkeys(hashes))):
        statement = select(vectors_table.c.passage_hash, vectors_table.c.fp16).where(
            vectors_table.c.space_id == space, vectors_table.c.passage_hash.in_(some)
        )
        for passage_hash, fp16 in connection.execute(statement):
            if len(fp16) != generation.dimension * _HALF.itemsize:
                raise GenerationMismatch(
                    f"the stored vector of passage {passage_hash[:12]} has {len(fp16)} bytes, not "
                    f"{generation.dimension * _HALF.itemsize}: the database is damaged, restore it"
                )
            found[passage_hash] = np.frombuffer(fp16, dtype=_HALF).astype(np.float32)
    return found


def store(connection: Connection, vectors: Mapping[str, Vectors], generation: Generation) -> None:
    """Keep those that are new. ValueError on a vector that is not of shape (dimension,)."""
    for passage_hash, vector in vectors.items():
        if vector.shape != (generation.dimension,):
            raise ValueError(
                f"the vector of passage {passage_hash[:12]} has the shape {vector.shape}, not "
                f"({generation.dimension},)"
            )
    if not vectors:
        return
    connection.execute(
        insert_into(connection, vector_spaces)
        .values(**_space_values(generation))
        .on_conflict_do_nothing()
    )
    space = _space_id(connection, generation)
    # one order for everybody: two importers that store the same vectors cannot deadlock
    rows = [
        {"space_id": space, "passage_hash": each, "fp16": vectors[each].astype(_HALF).tobytes()}
        for each in sorted(vectors)
    ]
    statement = insert_into(connection, vectors_table).on_conflict_do_nothing()
    for some in chunks(rows):
        connection.execute(statement, list(some))
