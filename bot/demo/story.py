"""The story as data: what fires, what people paste, which past incident is the right one, and
which machines stand behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import Any

import yaml

from bot.demo.alerts import StoryAlert
from bot.demo.machines.plant import PlantPlan, ProgramPlan
from knowledge.loaders import incidents_jsonl, markdown_dir
from knowledge.loaders.outcome import Outcomes

__all__ = ["DATA", "Story", "StoryAlert", "TrueCause", "knowledge", "load_story"]

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Joins:
    """An alert of another tool that joins the incident, for the reason `because`. It fires from
    so many of the plant's slots on (`at_least`) and ends `below` so many."""

    alert: StoryAlert
    because: str
    measures: str
    at_least: int
    below: int


@dataclass(frozen=True, slots=True)
class Fix:
    """The action that mends it: `command` is how what runs ends, `restarts` the program that is
    another process afterwards, `record` what must be told of how the action did before."""

    template: str
    parameters: Mapping[str, str]
    command: str
    restarts: str
    record: str


@dataclass(frozen=True, slots=True)
class TrueCause:
    """One of the causes that the seed can make the true one.

    `expected_difference` is what the answer must say is different this time, "" where nothing.
    `joins` is what another tool sees of it, `plant` the machines behind it, `action` the way out.
    """

    name: str
    cause: str
    expected_incident: str
    evidence_question: str
    evidence_log: str
    joins: Joins
    plant: PlantPlan
    action: Fix
    expected_difference: str = ""


@dataclass(frozen=True, slots=True)
class Storm:
    """A node of `cluster` fails: `waves` of alerts, and in the middle `unrelated`."""

    label: str
    cluster: str
    waves: Sequence[StoryAlert]
    unrelated: StoryAlert

    @property
    def alerts(self) -> int:
        """How many alerts the waves bring."""
        return sum(wave.instances for wave in self.waves)


@dataclass(frozen=True, slots=True)
class StoryChange:
    """Something that was deployed, so many minutes before it is told of."""

    service: str
    environment: str
    version: str
    minutes_ago: float
    actor: str

    def body(self, now: datetime) -> Mapping[str, Any]:
        """A GitHub `deployment_status` webhook body that says that it was rolled out."""
        at = f"{now - timedelta(minutes=self.minutes_ago):%Y-%m-%dT%H:%M:%SZ}"
        page = f"https://git.larkspur.example/larkspur/{self.service}"
        who = {"login": self.actor}
        return {
            "action": "created",
            "deployment_status": {
                "state": "success",
                "environment": self.environment,
                "log_url": f"{page}/actions/{self.version}",
                "created_at": at,
                "creator": who,
            },
            "deployment": {
                "id": f"{self.service}-{self.version}",
                "sha": sha1(self.version.encode(), usedforsecurity=False).hexdigest(),
                "ref": f"v{self.version}",
                "environment": self.environment,
                "creator": who,
                "created_at": at,
                "payload": {"version": self.version},
            },
            "repository": {
                "name": self.service,
                "full_name": f"larkspur/{self.service}",
                "html_url": page,
            },
            "sender": who,
        }


@dataclass(frozen=True, slots=True)
class Story:
    causes: Sequence[TrueCause]
    first_alert: StoryAlert
    hostile_alert: StoryAlert
    unfamiliar_alert: StoryAlert
    unfamiliar_question: str
    storm: Storm
    fire_more: Sequence[StoryAlert]
    changes: Sequence[StoryChange] = ()

    def true_cause(self, seed: int) -> TrueCause:
        """The cause that a seed makes the true one: 1, 2, 3, and round again."""
        return self.causes[(seed - 1) % len(self.causes)]


def load_story(folder: Path = DATA) -> Story:
    """The story in `folder`/story.yaml."""
    raw = yaml.safe_load((folder / "story.yaml").read_text(encoding="utf-8"))
    return Story(
        causes=[_cause(name, fields) for name, fields in raw["causes"].items()],
        first_alert=_alert(raw["first_alert"]),
        hostile_alert=_alert(raw["hostile_alert"]),
        unfamiliar_alert=_alert(raw["unfamiliar_alert"]),
        unfamiliar_question=raw["unfamiliar_alert"]["question"],
        storm=Storm(
            label=raw["storm"]["label"],
            cluster=raw["storm"]["cluster"],
            waves=[_alert(one) for one in raw["storm"]["waves"]],
            unrelated=_alert(raw["storm"]["unrelated"]),
        ),
        fire_more=[_alert(one) for one in raw["fire_more"]],
        changes=[StoryChange(**fields) for fields in raw["changes"]],
    )


def _cause(name: str, raw: Mapping[str, Any]) -> TrueCause:
    plant, joins = raw["plant"], raw["joins"]
    own = {key: value for key, value in raw.items() if key not in ("joins", "plant", "action")}
    return TrueCause(
        name=name,
        joins=Joins(
            alert=_alert(joins),
            because=joins["because"],
            measures=joins["measures"],
            at_least=joins["from"],
            below=joins["below"],
        ),
        plant=PlantPlan(
            slots=plant["slots"],
            of=plant["of"],
            programs=[_program(one) for one in plant["programs"]],
        ),
        action=Fix(**raw["action"]),
        **own,
    )


def _program(raw: Mapping[str, Any]) -> ProgramPlan:
    mended_by = raw.get("mended_by")
    return ProgramPlan(
        name=raw["name"],
        holds=raw["holds"],
        afterwards=raw["afterwards"],
        mended_by=(mended_by[0], mended_by[1]) if mended_by else None,
    )


def _alert(raw: Mapping[str, Any]) -> StoryAlert:
    return StoryAlert(
        name=raw["name"],
        label=raw["label"],
        labels={name: str(value) for name, value in raw["body"]["labels"].items()},
        annotations={name: str(value) for name, value in raw["body"]["annotations"].items()},
        source=raw.get("source", "alertmanager"),
        instances=raw.get("instances", 1),
    )


def runbooks(folder: Path = DATA) -> Outcomes:
    """Larkspur's own pages."""
    return markdown_dir.load(markdown_dir.find_pages(folder / "runbooks", is_ours=True))


def history(folder: Path = DATA) -> Outcomes:
    """Larkspur's past incidents."""
    path = folder / "incidents.jsonl"
    return incidents_jsonl.load(path, incidents_jsonl.preview(path))


def knowledge(folder: Path = DATA) -> Sequence[tuple[str, Any]]:
    """What the stage is filled with: a name for the audit record, and how to read it."""
    return [("runbooks", partial(runbooks, folder)), ("incidents", partial(history, folder))]
