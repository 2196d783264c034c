"""The alerts of the story, and the bodies in which Alertmanager and Grafana would send them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class StoryAlert:
    """An alert of the story, without times. `source` is the tool that sends it; `instances`
    is of how many pods it tells at once, each as an alert of its own."""

    name: str
    label: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    source: str = "alertmanager"
    instances: int = 1

    @property
    def text(self) -> str:
        """What the alert says, in one line."""
        return " ".join(self.annotations.get(name, "") for name in ("summary", "description"))

    def with_values(self, values: Mapping[str, str]) -> "StoryAlert":
        """The same, with what was measured in the place of `{name}` in its annotations."""
        told = dict(self.annotations)
        for name, value in values.items():
            told = {key: text.replace(f"{{{name}}}", value) for key, text in told.items()}
        return replace(self, annotations=told)

    def body(
        self, now: datetime, *, status: str = "firing", minutes_ago: float = 0
    ) -> Mapping[str, Any]:
        """A webhook body of its tool with this alert in it."""
        starts = now - timedelta(minutes=minutes_ago)
        ends = f"{now:%Y-%m-%dT%H:%M:%S}Z" if status == "resolved" else NEVER
        group = {"alertname": self.name, "service": self.labels.get("service", "")}
        alerts = [
            {
                "status": status,
                "labels": labels,
                "annotations": dict(self.annotations),
                "startsAt": f"{starts:%Y-%m-%dT%H:%M:%S.%f}Z",
                "endsAt": ends,
                "generatorURL": "",
            }
            for labels in self._labels_of_instances()
        ]
        body = {
            "version": "4",
            "groupKey": "{}:" + "{" + ",".join(f'{k}="{v}"' for k, v in group.items()) + "}",
            "status": status,
            "receiver": "recall",
            "groupLabels": group,
            "commonLabels": dict(self.labels),
            "commonAnnotations": dict(self.annotations),
            "externalURL": "",
            "alerts": alerts,
        }
        return _as_grafana(body) if self.source == "grafana" else body

    def _labels_of_instances(self) -> list[dict[str, str]]:
        if self.instances == 1:
            return [dict(self.labels)]
        pod = self.labels.get("pod", self.labels.get("service", "pod"))
        return [{**self.labels, "pod": f"{pod}-{number}"} for number in range(self.instances)]


def _as_grafana(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Grafana's unified alerting sends Alertmanager's body with more on top, among it a key of
    its own for each alert."""
    alerts = []
    for alert in body["alerts"]:
        spelled = ",".join(f"{name}={value}" for name, value in sorted(alert["labels"].items()))
        key = sha256(spelled.encode()).hexdigest()[:16]
        alerts.append({**alert, "fingerprint": key, "valueString": "", "values": {}})
    return {
        **body,
        "version": "1",
        "orgId": 1,
        "title": f"[{body['status'].upper()}] {body['groupLabels']['alertname']}",
        "state": "ok" if body["status"] == "resolved" else "alerting",
        "alerts": alerts,
    }
