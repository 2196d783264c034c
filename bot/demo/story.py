"""The story as data: what fires, what people paste, which past incident is the right one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import Any

import yaml

from knowledge.loaders import incidents_jsonl, markdown_dir
from knowledge.loaders.outcome import Outcomes

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class TrueCause:
    """One of the causes that the seed can make the true one.

    `expected_difference` is what the answer must say is different this time, "" where nothing.
    """

    name: str
    cause: str
    expected_incident: str
    evidence_question: str
    evidence_log: str
    expected_difference: str = ""


@dataclass(frozen=True, slots=True)
class StoryAlert:
    """An alert of the story, without times."""

    name: str
    label: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def text(self) -> str:
        """What the alert says, in one line."""
        return " ".join(self.annotations.get(name, "") for name in ("summary", "description"))

    def body(
        self, now: datetime, *, status: str = "firing", minutes_ago: float = 0
    ) -> Mapping[str, Any]:
        """An Alertmanager v4 webhook body with this one alert in it."""
        starts = now - timedelta(minutes=minutes_ago)
        ends = now if status == "resolved" else datetime.min
        alert = {
            "status": status,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": f"{starts:%Y-%m-%dT%H:%M:%S.%f}Z",
            "endsAt": f"{ends:%Y-%m-%dT%H:%M:%S}Z" if ends.year > 1 else "0001-01-01T00:00:00Z",
            "generatorURL": "",
        }
        group = {"alertname": self.name, "service": self.labels.get("service", "")}
        return {
            "version": "4",
            "groupKey": "{}:" + "{" + ",".join(f'{k}="{v}"' for k, v in group.items()) + "}",
            "status": status,
            "receiver": "recall",
            "groupLabels": group,
            "commonLabels": dict(self.labels),
            "commonAnnotations": dict(self.annotations),
            "externalURL": "",
            "alerts": [alert],
        }


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
    fire_more: Sequence[StoryAlert]
    changes: Sequence[StoryChange] = ()

    def true_cause(self, seed: int) -> TrueCause:
        """The cause that a seed makes the true one: 1, 2, 3, and round again."""
        return self.causes[(seed - 1) % len(self.causes)]


def load_story(folder: Path = DATA) -> Story:
    """The story in `folder`/story.yaml."""
    raw = yaml.safe_load((folder / "story.yaml").read_text(encoding="utf-8"))
    return Story(
        causes=[TrueCause(name=name, **fields) for name, fields in raw["causes"].items()],
        first_alert=_alert(raw["first_alert"]),
        hostile_alert=_alert(raw["hostile_alert"]),
        unfamiliar_alert=_alert(raw["unfamiliar_alert"]),
        unfamiliar_question=raw["unfamiliar_alert"]["question"],
        fire_more=[_alert(one) for one in raw["fire_more"]],
        changes=[StoryChange(**fields) for fields in raw["changes"]],
    )


def _alert(raw: Mapping[str, Any]) -> StoryAlert:
    return StoryAlert(
        name=raw["name"],
        label=raw["label"],
        labels={name: str(value) for name, value in raw["body"]["labels"].items()},
        annotations={name: str(value) for name, value in raw["body"]["annotations"].items()},
    )


def runbooks(folder: Path = DATA) -> Outcomes:
    """Larkspur's own pages."""
    return markdown_dir.load(markdown_dir.find_pages(folder / "runbooks"))


def history(folder: Path = DATA) -> Outcomes:
    """Larkspur's past incidents."""
    path = folder / "incidents.jsonl"
    return incidents_jsonl.load(path, incidents_jsonl.preview(path))


def knowledge(folder: Path = DATA) -> Sequence[tuple[str, Any]]:
    """What the stage is filled with: a name for the audit record, and how to read it."""
    return [("runbooks", partial(runbooks, folder)), ("incidents", partial(history, folder))]
