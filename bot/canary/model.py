"""What a canary is, and how its run is judged. Pure.

Three marks tell of the canary, each written by one hand: `sent` by the front that put it into
the inbox, `run` by the engine that worked it off, `judged` by the watch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from bot.jobs.ports import InboxItem, InboxKind

SENT, RUN, JUDGED = "canary:sent", "canary:run", "canary:judged"
MESSAGE_KEY = "canary"
"""The outbox key of the one message that every canary edits."""
SOURCE = "canary"
UpTo = Literal["message", "outbox"]


class Verdict(StrEnum):
    """`waiting` says nothing yet; `in_time` and `late` are final; `overdue` is late and still
    not there; `silent` means that none was even sent for two intervals."""

    WAITING = "waiting"
    IN_TIME = "in_time"
    LATE = "late"
    OVERDUE = "overdue"
    SILENT = "silent"

    @property
    def is_well(self) -> bool:
        return self in (Verdict.WAITING, Verdict.IN_TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often a canary is sent, and how long it may take."""

    every: timedelta
    limit: timedelta

    @property
    def silence(self) -> timedelta:
        """After so long without a canary something that should send them does not."""
        return 2 * self.every + self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A canary on its way. `done_at` is when its message stood in the channel, or when it was
    in the outbox where no channel is set (`up_to`); None while it is not there."""

    id: str
    sent_at: datetime
    done_at: datetime | None
    up_to: UpTo = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`seconds` is how long it took, or how long it has been out; None when none was sent."""

    verdict: Verdict
    seconds: float | None = None


def judge(run: Run | None, plan: Plan, now: datetime, watching_since: datetime) -> Judgement:
    """What to think of the newest canary. None was due before `watching_since` and a silence."""
    last_sign = max(run.sent_at, watching_since) if run is not None else watching_since
    if now - last_sign > plan.silence:
        return Judgement(verdict=Verdict.SILENT)
    if run is None:
        return Judgement(verdict=Verdict.WAITING)
    took = (run.done_at or now) - run.sent_at
    is_late = took > plan.limit
    if run.done_at is not None:
        verdict = Verdict.LATE if is_late else Verdict.IN_TIME
    else:
        verdict = Verdict.OVERDUE if is_late else Verdict.WAITING
    return Judgement(verdict=verdict, seconds=max(0.0, took.total_seconds()))


def is_due(sent: Mapping[str, Any] | None, plan: Plan, now: datetime) -> bool:
    """Several fronts tick, each in its own time: one that has just gone out does for all."""
    return sent is None or now - datetime.fromisoformat(sent["at"]) >= plan.every / 2


def item(now: datetime) -> InboxItem:
    """The synthetic alert, in the body of the generic source."""
    number = int(now.timestamp() * 1000)
    body = {
        "name": "RecallCanary",
        "severity": "info",
        "key": f"canary-{number}",
        "summary": "A synthetic alert that measures the way from alert to card",
        "labels": {"service": "recall"},
    }
    return InboxItem(
        id=f"canary-{number}",
        kind=InboxKind.CANARY,
        source=SOURCE,
        body=json.dumps(body).encode(),
        content_type="application/json",
        received_at=now,
        dedupe_key=f"canary:{number}",
    )


def run_of(
    sent: Mapping[str, Any] | None,
    run: Mapping[str, Any] | None,
    message_sent: int,
    message_at: datetime | None,
) -> Run | None:
    """The newest canary out of the marks; `message_sent` is the revision of the one message
    that was sent last, at `message_at`."""
    if sent is None:
        return None
    sent_at = datetime.fromisoformat(sent["at"])
    if run is None or run["id"] != sent["id"]:
        return Run(id=sent["id"], sent_at=sent_at, done_at=None)
    if run["revision"] is None:
        queued = datetime.fromisoformat(run["at"])
        return Run(id=sent["id"], sent_at=sent_at, done_at=queued, up_to="outbox")
    is_said = message_at is not None and message_sent >= int(run["revision"])
    return Run(id=sent["id"], sent_at=sent_at, done_at=message_at if is_said else None)
