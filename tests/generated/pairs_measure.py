"""How many of the planted differences are told, and how many of those told were planted."""

from collections.abc import Sequence

from knowledge.retrieve.differences import Difference, DifferenceKind, differences
from tests.generated.pairs_world import DifferencePair, Planted

_KINDS = {
    "client": {DifferenceKind.CHANGED_VALUE},
    "host": {DifferenceKind.CHANGED_VALUE},
    "version": {DifferenceKind.OTHER_VERSION},
    "new": {DifferenceKind.NEW_LINE},
    "missing": {DifferenceKind.MISSING_LINE},
}


def tells(row: Difference, planted: Planted) -> bool:
    """Whether a row is that difference, with its evidence on the right side."""
    return (
        row.kind in _KINDS[planted.kind]
        and (not planted.now or planted.now in row.now)
        and (not planted.then or planted.then in row.then)
    )


def precision_and_recall(pairs: Sequence[DifferencePair]) -> tuple[float, float, int, int]:
    """(precision, recall, rows told, differences planted) over all pairs."""
    told = right = planted = found = 0
    for pair in pairs:
        rows = differences(pair.record, pair.query)
        told += len(rows)
        right += sum(any(tells(row, one) for one in pair.planted) for row in rows)
        planted += len(pair.planted)
        found += sum(any(tells(row, one) for row in rows) for one in pair.planted)
    return right / max(told, 1), found / max(planted, 1), told, planted
