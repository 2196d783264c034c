"""The past nights of `data/nights.yaml`, put into the database as Recall itself keeps such
nights: incidents with their timelines, and the actions that were run in them. From these the
track record is counted; nothing states it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.actions.catalogue import ActionCatalogue, read_actions
from bot.actions.frozen import freeze
from bot.actions.model import ActionRequest, Approval, Phase, RequestState
from bot.actions.parameters import Known
from bot.alerts.model import Severity
from bot.errors import DataError
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.people.model import Actor, Role
from bot.services.file import load_catalogue
from bot.uow import UnitOfWork

_RAN_FOR = timedelta(seconds=6)
_RUNNER = "runner:past"


@dataclass(frozen=True, slots=True)
class PastNights:
    """What the nights are filled in with: the templates, the known services, the people's user
    ids by their names, and the values of each template's parameters."""

    raw: Mapping[str, Any]
    catalogue: ActionCatalogue
    known: Known
    team_id: str
    user_id: Callable[[str], str]
    values: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(
        cls,
        file: Path,
        *,
        actions: Path,
        services: Path,
        team_id: str,
        user_id: Callable[[str], str],
        values: Mapping[str, Mapping[str, str]],
    ) -> "PastNights":
        """Raises DataError where a template of the demo's own has a mistake."""
        catalogue, mistakes = read_actions(actions)
        if mistakes:
            raise DataError(f"the demo's actions cannot be read: {mistakes[0]}")
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        known = Known(services=tuple(load_catalogue(services).services))
        return cls(raw, catalogue, known, team_id, user_id, values)

    def keep(self, uow: UnitOfWork, now: datetime) -> int:
        """Keep every night, oldest first; how many there are."""
        for night in self.raw["nights"]:
            self._keep(uow, night, now - timedelta(days=float(night["days_ago"])))
        return len(self.raw["nights"])

    def _keep(self, uow: UnitOfWork, night: Mapping[str, Any], began: datetime) -> None:
        raw = self.raw
        over = began + timedelta(minutes=float(night["ended_after"]))
        incident, _ = uow.incidents.open(
            group_key=f"past:{began.isoformat()}",
            title=raw["alert"],
            service=raw["service"],
            environment=raw["environment"],
            severity=Severity(raw["severity"]),
            team_id=self.team_id,
            now=began,
        )
        beats = [(TimelineKind.ALERT_FIRED, began, raw["alert"])]
        ran_at = None
        if "ran" in night:
            ran_at = began + timedelta(minutes=float(night["ran_after"]))
            ended = RequestState.FAILED if "worse" in night else RequestState.SUCCEEDED
            self._keep_run(uow, incident, night["ran"], ran_at, ended)
        if "worse" in night:
            assert ran_at is not None
            beats.append((TimelineKind.ALERT_FIRED, ran_at + timedelta(minutes=4), night["worse"]))
            beats.append((TimelineKind.ALERT_RESOLVED, over, night["worse"]))
        beats.append((TimelineKind.ALERT_RESOLVED, over, raw["alert"]))
        uow.incidents.add_timeline(incident.id, [self._beat(*beat) for beat in beats])
        closed = replace(incident, state=IncidentState.CLOSED, resolved_at=over)
        uow.incidents.save(replace(closed, revision=incident.revision + 1))

    def _beat(self, kind: TimelineKind, at: datetime, alert: str) -> TimelineEntry:
        said = "firing" if kind is TimelineKind.ALERT_FIRED else "resolved"
        data = {"alert": alert, "fingerprint": f"past:{alert}", "severity": self.raw["severity"]}
        return TimelineEntry(at=at, kind=kind, text=f"{alert}: {said}", data=data)

    def _keep_run(
        self, uow: UnitOfWork, incident: Incident, name: str, at: datetime, ended: RequestState
    ) -> None:
        """Asked for, approved by somebody else, run, and looked at afterwards."""
        frozen = freeze(
            self.catalogue,
            self.catalogue.templates[name],
            self.values.get(name, {}),
            self.known,
            environment=incident.environment,
            incident_key=incident.key,
        )
        asker, approver = (
            Actor(self.team_id, self.user_id(self.raw[who])) for who in ("asked_by", "approved_by")
        )
        asked_at = at - timedelta(minutes=2)
        request = uow.actions.add(
            ActionRequest(
                id=0,
                team_id=self.team_id,
                channel="C0PAST",
                thread=None,
                incident_id=incident.id,
                frozen=frozen,
                digest=frozen.digest,
                requested_by=asker.key,
                requester_role=Role.LEAD,
                reason="",
                state=RequestState.APPROVED,
                phase=Phase.NONE,
                created_at=asked_at,
                expires_at=asked_at + timedelta(minutes=30),
            )
        )
        uow.actions.approve(
            Approval(
                request_id=request.id,
                actor=approver.key,
                person=approver.key,
                role=Role.LEAD,
                word="approved",
                digest=frozen.digest,
                at=asked_at + timedelta(minutes=1),
            )
        )
        execution = uow.actions.start(request.id, "run", 1, _RUNNER, at - _RAN_FOR)
        if execution is None:
            raise DataError(f"{request.key} of the past cannot be kept twice")
        uow.actions.finish(
            execution.id, outcome="ok", exit_code=0, output="", output_digest="", now=at
        )
        uow.actions.move(request, ended, started_at=at - _RAN_FOR, ran_at=at)
