"""The figures of a replay: how often it would have spoken, and how often it was right."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from knowledge.evaluate.backtest.replay import Asked, Replay
from knowledge.evaluate.intervals import Interval, wilson
from knowledge.evaluate.metrics import percentile

_TOP = 10
_DAY = 86_400.0


def days_of(replay: Replay) -> float:
    """From the first to the last case asked, at least one day."""
    starts = [one.started_at for one in replay.asked]
    return max(1.0, (max(starts) - min(starts)).total_seconds() / _DAY) if starts else 1.0


def answered_of(replay: Replay) -> list[Asked]:
    return [one for one in replay.asked if one.answered]


def precision_of(replay: Replay) -> Interval | None:
    """Share of right ones among the answers that the records can judge; None when there is none."""
    judged = [one for one in answered_of(replay) if one.right is not None]
    return wilson(sum(bool(one.right) for one in judged), len(judged)) if judged else None


def coverage_of(replay: Replay) -> Interval | None:
    """Share of the answerable cases that were answered; None when the records tell of none."""
    able = [one for one in replay.asked if one.answerable]
    return wilson(sum(one.answered for one in able), len(able)) if able else None


def as_dict(replay: Replay) -> dict[str, Any]:
    """The figures as JSON, the keys of `recall backtest --json`; without labels no precision."""
    answered = answered_of(replay)
    days = days_of(replay)
    precision, coverage = precision_of(replay), coverage_of(replay)
    return {
        "cases": len(replay.asked),
        "days": round(days, 1),
        "answered": len(answered),
        "answered_share": round(len(answered) / len(replay.asked), 4) if replay.asked else 0.0,
        "abstained": len(replay.asked) - len(answered),
        "posts_a_day": round(len(answered) / days, 3),
        "posts_a_day_by_service": {
            name: round(count / days, 3) for name, count in _services(answered).items()
        },
        "runbooks": dict(Counter(one.runbook for one in answered if one.runbook).most_common(_TOP)),
        "median_confidence": round(percentile([one.confidence for one in answered], 0.5), 4),
        "judged": sum(one.right is not None for one in answered),
        "precision": precision.as_list() if precision else None,
        "wrong_when_answered": round(1.0 - precision.value, 4) if precision else None,
        "coverage": coverage.as_list() if coverage else None,
        "threshold": replay.threshold,
        "runbook_threshold": replay.runbook_threshold,
        "known_before": replay.earlier,
        "undated": len(replay.undated),
    }


def _services(answered: list[Asked]) -> Mapping[str, int]:
    return dict(Counter(one.service or "(none)" for one in answered).most_common(_TOP))
