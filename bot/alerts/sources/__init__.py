"""Alert sources: one file each, `parse(payload) -> list[Alert]`, pure. The registry is these dicts.

Adding a source is one file, one line here, and its golden bodies in `tests/data/sources/<name>`.
A source that needs no code is a file in `mappings`, one word in `MAPPINGS`, and golden bodies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.alerts.changes import Change
from bot.alerts.model import Alert
from bot.alerts.sources import (
    alertmanager,
    azure,
    change,
    cloudwatch,
    datadog,
    gcp,
    generic,
    github,
    gitlab,
    grafana,
    newrelic,
    opsgenie,
    pagerduty,
    sentry,
    slack_post,
    zabbix,
)
from bot.alerts.sources.authentication import (
    BASIC,
    BEARER,
    QUERY,
    SNS,
    Kind,
    header,
    signature,
)
from bot.errors import NotAnAlert, SettingsError


def _no_alerts(payload: object) -> list[Alert]:
    raise NotAnAlert("$ is a change, not an alert")


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of sender. `parse` takes parsed JSON and raises BadPayload, nothing else.

    `changes` is given instead by those that tell of deployments; `parse` then finds no alerts.
    `kinds` are the ways by which its own secrets are believed. `is_form` says that the tool sends
    its body as an HTML form too. `origin` is "code", "mapping", or the team's own file.
    """

    name: str
    parse: Callable[[object], list[Alert]]
    title: str
    changes: Callable[[object], list[Change]] | None = None
    kinds: tuple[Kind, ...] = (BEARER, BASIC)
    aliases: tuple[str, ...] = ()
    is_form: bool = False
    origin: str = "code"


def _of_changes(
    name: str,
    changes: Callable[[object], list[Change]],
    title: str,
    kinds: tuple[Kind, ...],
    *,
    is_form: bool = False,
) -> Source:
    return Source(name, _no_alerts, title, changes, kinds, is_form=is_form)


_TOKEN = header("X-Recall-Token")

SOURCES: Mapping[str, Source] = {
    "alertmanager": Source(
        "alertmanager",
        alertmanager.parse,
        "Prometheus Alertmanager",
        aliases=("prometheus", "vmalert", "mimir"),
    ),
    "grafana": Source("grafana", grafana.parse, "Grafana"),
    "pagerduty": Source(
        "pagerduty",
        pagerduty.parse,
        "PagerDuty",
        kinds=(signature("X-PagerDuty-Signature", "v1="), _TOKEN, BEARER),
    ),
    "datadog": Source("datadog", datadog.parse, "Datadog", kinds=(BASIC, BEARER, _TOKEN)),
    "cloudwatch": Source(
        "cloudwatch",
        cloudwatch.parse,
        "AWS CloudWatch",
        kinds=(SNS, BASIC, BEARER, _TOKEN),
        aliases=("aws", "aws_cloudwatch", "sns"),
    ),
    "sentry": Source(
        "sentry",
        sentry.parse,
        "Sentry",
        kinds=(signature("Sentry-Hook-Signature"), QUERY),
    ),
    "opsgenie": Source(
        "opsgenie",
        opsgenie.parse,
        "Opsgenie and Jira Service Management",
        kinds=(BASIC, BEARER, _TOKEN),
        aliases=("jira_service_management", "jsm"),
    ),
    "azure": Source(
        "azure",
        azure.parse,
        "Azure Monitor",
        kinds=(QUERY, BASIC, BEARER),
        aliases=("azuremonitor", "azure_monitor"),
    ),
    "gcp": Source(
        "gcp",
        gcp.parse,
        "Google Cloud Monitoring",
        kinds=(BASIC, QUERY, BEARER),
        aliases=("gcpmonitoring", "google_cloud_monitoring", "stackdriver"),
    ),
    "newrelic": Source(
        "newrelic",
        newrelic.parse,
        "New Relic",
        kinds=(BASIC, BEARER, _TOKEN),
        aliases=("new_relic",),
    ),
    "zabbix": Source("zabbix", zabbix.parse, "Zabbix", kinds=(BEARER, BASIC, _TOKEN)),
    "slack_post": Source(
        "slack_post", slack_post.parse, "Posts of other tools in Slack", aliases=("slack",)
    ),
    "github": _of_changes(
        "github",
        github.parse,
        "GitHub deployments",
        (signature("X-Hub-Signature-256", "sha256="),),
        is_form=True,
    ),
    "gitlab": _of_changes(
        "gitlab", gitlab.parse, "GitLab deployments", (header("X-Gitlab-Token"),)
    ),
    "generic": Source("generic", generic.parse, "Any tool, in Recall's own JSON shape"),
    "change": _of_changes(
        "change", change.parse, "Your own deployments, in Recall's own JSON shape", (BEARER, BASIC)
    ),
}

MAPPINGS: tuple[str, ...] = (
    "argocd",
    "axiom",
    "betterstack",
    "checkly",
    "checkmk",
    "cloudflare",
    "coralogix",
    "dash0",
    "dynatrace",
    "elastic",
    "falco",
    "gatus",
    "grafana_oncall",
    "graylog",
    "healthchecks",
    "honeycomb",
    "icinga",
    "kapacitor",
    "kubernetes_events",
    "librenms",
    "mongodb_atlas",
    "msteams",
    "nagios",
    "netbox",
    "netdata",
    "pingdom",
    "prtg",
    "robusta",
    "rollbar",
    "signalfx",
    "site24x7",
    "splunk",
    "statuscake",
    "sumologic",
    "thousandeyes",
    "uptime_kuma",
    "uptimerobot",
    "vrealize",
    "wazuh",
)
"""The mapping files that come with Recall."""

_MAPPINGS_DIR = Path(__file__).parent / "mappings"


def mapped_source(path: Path, origin: str) -> Source:
    """The source that the mapping file `path` makes. Raises SettingsError."""
    # Read only where mappings are used: the language's library is no concern of the others.
    from bot.alerts.sources.mapping import Mapped
    from bot.alerts.sources.mapping_file import read_mapping

    file = read_mapping(path)
    mapped = Mapped(path.stem, file)
    return Source(
        path.stem,
        mapped.alerts,
        file.title,
        mapped.changes if file.change is not None else None,
        file.kinds(),
        file.aliases,
        file.form,
        origin,
    )


@cache
def shipped_sources() -> Mapping[str, Source]:
    """All sources that come with Recall, those of code first."""
    mapped = {name: mapped_source(_MAPPINGS_DIR / f"{name}.yaml", "mapping") for name in MAPPINGS}
    return {**SOURCES, **mapped}


def all_sources(folder: Path | None = None) -> Mapping[str, Source]:
    """What comes with Recall, and the mapping files (`*.yaml`) in the team's own `folder`.

    A file of the team's replaces a mapping of the same name, never a source of code. Raises
    SettingsError with every mistake in every file.
    """
    found = dict(shipped_sources())
    problems: list[str] = []
    for path in sorted(folder.glob("*.y*ml")) if folder is not None else ():
        if path.stem in SOURCES:
            problems.append(f"{path}: {path.stem} is a source of its own; use another name")
            continue
        try:
            found[path.stem] = mapped_source(path, str(path))
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return found


def find_source(sources: Mapping[str, Source], name: str) -> Source | None:
    """The source called `name`, or that has it as an alias, however it is spelt."""
    if name in sources:
        return sources[name]
    wanted = name.lower().replace("-", "_").replace(" ", "_")
    squashed = wanted.replace("_", "")
    for source in sources.values():
        if squashed in (one.replace("_", "") for one in (source.name, *source.aliases)):
            return source
    return None
