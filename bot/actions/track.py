"""The track record: how often an action helped with alerts of one family, and how often they
cleared by themselves. Pure, over what is stored anyway.

Both sides are measured the same way: from a moment on (the run; without one, the first alert)
until no alert of the family fires any more, within the same time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.family import AlertFamily, family_of
from bot.alerts.model import Severity
from bot.incidents.model import AlertBeat

LEAST = 5
"""Runs from which on a share says something; below it only counts are told."""
WITHIN = timedelta(minutes=15)
"""How soon it must have cleared where the template does not say."""
LOOKED_BACK = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """An action that was started in an incident. `failed` is that the step itself did not end
    well; one that was refused before it started is none."""

    incident_id: int
    template_id: str
    at: datetime
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRecord:
    """`runs` = cleared + worse + the rest, where nothing changed; `failed` ones may be any of
    these. `alone` are the incidents of the family in which nothing was run."""

    within: timedelta
    runs: int = 0
    cleared: int = 0
    worse: int = 0
    failed: int = 0
    alone: int = 0
    alone_cleared: int = 0

    @property
    def short(self) -> str:
        """For a button: a share from `LEAST` runs on, else how often it was run."""
        if self.runs == 0:
            return "not run for this yet"
        if self.runs < LEAST:
            return "run once" if self.runs == 1 else f"run {self.runs} times"
        return f"cleared {self.cleared} of {self.runs}"

    @property
    def said(self) -> str:
        """All of it in one line."""
        rest = [
            f"{count} {'got' if kind == 'worse' else ''} {kind}".replace("  ", " ")
            for kind, count in (("worse", self.worse), ("failed", self.failed))
            if count
        ]
        if self.runs == 0:
            mine = "not run for alerts of this kind yet"
        elif self.runs < LEAST:
            mine = "; ".join(
                [f"{self.short} for alerts of this kind, {self.cleared} cleared", *rest]
            )
        else:
            mine = ", ".join([f"{self.short} within {_minutes(self.within)}", *rest])
        if self.alone == 0:
            return mine
        return f"{mine}; by itself {self.alone_cleared} of {self.alone}"


def track_record(
    template_id: str,
    family: AlertFamily,
    within: timedelta,
    courses: Mapping[int, Sequence[AlertBeat]],
    ran: Iterable[Ran],
    now: datetime,
) -> TrackRecord:
    """What became of the incidents of `family`. `courses` are the alerts of each incident, in
    order of time; those that another family opened are left out, and so is what is too recent
    to be judged, and a run when nothing of the family fired any more."""
    runs_in: dict[int, list[Ran]] = {}
    for one in ran:
        runs_in.setdefault(one.incident_id, []).append(one)
    counts = dict.fromkeys(("runs", "cleared", "worse", "failed", "alone", "alone_cleared"), 0)
    for incident_id, beats in courses.items():
        if not beats or _family(beats[0]) != family:
            continue
        there = runs_in.get(incident_id, [])
        if not there:
            cleared = _cleared(family, beats, beats[0].at, within, now)
            if cleared is not None:
                counts["alone"] += 1
                counts["alone_cleared"] += cleared
            continue
        for run in there:
            if run.template_id != template_id:
                continue
            cleared = _cleared(family, beats, run.at, within, now)
            if cleared is None:
                continue
            counts["runs"] += 1
            counts["cleared"] += cleared
            counts["failed"] += run.failed
            counts["worse"] += not cleared and _got_worse(beats, run.at, within)
    return TrackRecord(within=within, **counts)


def _cleared(
    family: AlertFamily,
    beats: Sequence[AlertBeat],
    since: datetime,
    within: timedelta,
    now: datetime,
) -> bool | None:
    """Whether none of the family fired any more at some moment within the time; None where that
    is not known yet, or where nothing fired to begin with."""
    firing = _firing(family, (one for one in beats if one.at <= since))
    if not firing:
        return None
    for beat in beats:
        if not since < beat.at <= since + within or _family(beat) != family:
            continue
        firing.add(beat.fingerprint) if beat.fires else firing.discard(beat.fingerprint)
        if not firing:
            return True
    return False if now > since + within else None


def _firing(family: AlertFamily, beats: Iterable[AlertBeat]) -> set[str]:
    firing: set[str] = set()
    for beat in beats:
        if _family(beat) == family:
            firing.add(beat.fingerprint) if beat.fires else firing.discard(beat.fingerprint)
    return firing


def _got_worse(beats: Sequence[AlertBeat], since: datetime, within: timedelta) -> bool:
    """An alert that had not fired in the incident before, or a graver one, came after it."""
    before = [one for one in beats if one.fires and one.at <= since]
    names = {one.alert for one in before}
    gravest = min((one.severity.rank for one in before), default=Severity.UNKNOWN.rank)
    return any(
        one.alert not in names or one.severity.rank < gravest
        for one in beats
        if one.fires and since < one.at <= since + within
    )


def _family(beat: AlertBeat) -> AlertFamily:
    return family_of(beat.alert, beat.service, beat.environment)


def _minutes(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
