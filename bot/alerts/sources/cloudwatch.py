"""AWS CloudWatch alarms: through SNS (signed envelope or raw delivery) and through EventBridge.

Other EventBridge events that tell of trouble (AWS Health) come along the same road. The envelope's
signature is checked where it comes in; here it is only opened.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.json_body import parse_json, shown
from bot.alerts.lenient import (
    at,
    counted,
    first,
    labels_of,
    links_of,
    moment,
    needed,
    no_body_of,
    rows,
    table,
    text,
)
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import severity_of
from bot.errors import BadPayload, NotAnAlert

NAME = "cloudwatch"
TOOL = "CloudWatch"

_STATES = {
    "ALARM": AlertStatus.FIRING,
    # An alarm that lost its data did not say that all is well again.
    "INSUFFICIENT_DATA": AlertStatus.FIRING,
    "OK": AlertStatus.RESOLVED,
}
_SERVICE_DIMENSIONS = ("ServiceName", "Service", "FunctionName", "ApiName")
_HOST_DIMENSIONS = ("InstanceId", "DBInstanceIdentifier", "CacheClusterId", "Host", "host")


def parse(payload: object) -> list[Alert]:
    """The alarms of one body. Raises BadPayload, NotAnAlert for confirmations and the like."""
    body = table(payload)
    records = rows(body, "Records")
    if records:
        return [
            alert
            for index, one in enumerate(counted(records, "$.Records"))
            for alert in _of(table(one, "Sns"), f"$.Records[{index}].Sns")
        ]
    return _of(body, "$")


def _of(body: Mapping[str, Any], path: str) -> list[Alert]:
    kind = text(body, "Type")
    if kind in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        raise NotAnAlert(f"{path}.Type is {kind}: it tells of a subscription, not of an alarm")
    if kind == "Notification" or ("Message" in body and "TopicArn" in body):
        return [_notification(body, path)]
    alert = _message(body, path, "")
    if alert is None:
        raise no_body_of(TOOL, body, f"{path} with AlarmName, an SNS envelope, or an AWS event")
    return [alert]


def _notification(envelope: Mapping[str, Any], path: str) -> Alert:
    message = envelope.get("Message")
    inner: object = message
    if isinstance(message, str):
        try:
            inner = parse_json(message.encode("utf-8", "replace"))
        except BadPayload:
            inner = None
    topic = text(envelope, "TopicArn")
    if isinstance(inner, dict):
        if alert := _message(inner, f"{path}.Message", topic):
            return alert
        if "Event Message" in inner:
            return _database_event(inner, envelope, topic)
    return _plain(envelope, path, topic)


def _plain(envelope: Mapping[str, Any], path: str, topic: str) -> Alert:
    """A notification whose message is a text, of whatever sent it to the topic."""
    message = text(envelope, "Message")
    name = needed(first(text(envelope, "Subject"), message[:200]), f"{path}.Message", TOOL)
    region = _region(topic)
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"message/{topic}/{name}"),
        name=name,
        status=AlertStatus.FIRING,
        starts_at=moment(envelope.get("Timestamp")),
        summary=name,
        description=message,
        labels=labels_of({"region": region, "topic": topic}),
    )


def _database_event(said: Mapping[str, Any], envelope: Mapping[str, Any], topic: str) -> Alert:
    """What RDS tells its topics: one event of one database, which has no end."""
    message = needed(text(said, "Event Message"), "$.Message['Event Message']", "RDS")
    database, kind = text(said, "Source ID"), text(said, "Event Source")
    event = text(said, "Event ID").rpartition("#")[2]
    account = topic.split(":")[4] if topic.count(":") >= 5 else ""
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"rds/{topic}/{kind}/{database}/{event or message}"),
        name=message,
        status=AlertStatus.FIRING,
        starts_at=moment(said.get("Event Time")) or moment(envelope.get("Timestamp")),
        summary=f"{database}: {message}" if database else message,
        labels=labels_of(
            {
                "host": database if kind == "db-instance" else "",
                "database": database,
                "rds_event": event,
                "region": _region(topic),
                "account_id": account,
            }
        ),
        links=links_of(("source", said.get("Identifier Link"))),
    )


def _message(body: Mapping[str, Any], path: str, topic: str) -> Alert | None:
    if "AlarmName" in body or "NewStateValue" in body:
        return _alarm(body, path, topic)
    if "alarmData" in body:
        return _event_alarm(body, table(body, "alarmData"), path)
    if "detail-type" in body:
        detail = table(body, "detail")
        if "alarmName" in detail:
            return _event_alarm(body, detail, path)
        return _event(body, detail, path)
    return None


# -- as SNS tells it ---------------------------------------------------------------------------


def _alarm(body: Mapping[str, Any], path: str, topic: str) -> Alert:
    name = needed(text(body, "AlarmName"), f"{path}.AlarmName", TOOL)
    word = text(body, "NewStateValue")
    trigger = table(body, "Trigger")
    dimensions = labels_of(list(rows(trigger, "Dimensions")))
    metrics = [text(trigger, "MetricName"), text(trigger, "Namespace")]
    if not metrics[0]:
        for one in rows(trigger, "Metrics"):
            stat = table(one, "MetricStat", "Metric")
            if stat:
                metrics = [text(stat, "MetricName"), text(stat, "Namespace")]
                dimensions = dimensions or labels_of(list(rows(stat, "Dimensions")))
                break
    arn = text(body, "AlarmArn")
    return _built(
        name,
        _status(word, f"{path}.NewStateValue"),
        word,
        arn=arn,
        account=text(body, "AWSAccountId"),
        region=_region(arn) or _region(topic) or text(body, "Region"),
        metric=metrics,
        dimensions=dimensions,
        changed=moment(body.get("StateChangeTime")),
        reason=text(body, "NewStateReason"),
        description=text(body, "AlarmDescription"),
    )


# -- as EventBridge, or an alarm's own Lambda action, tells it ------------------------------------


def _event_alarm(event: Mapping[str, Any], alarm: Mapping[str, Any], path: str) -> Alert:
    name = needed(text(alarm, "alarmName"), f"{path}.detail.alarmName", TOOL)
    word = text(alarm, "state", "value")
    dimensions: dict[str, str] = {}
    metric = ["", ""]
    for one in rows(alarm, "configuration", "metrics"):
        stat = table(one, "metricStat", "metric")
        if stat:
            metric = [text(stat, "name"), text(stat, "namespace")]
            dimensions = labels_of(table(stat, "dimensions"))
            break
    arn = first(text(event, "resources", 0), text(event, "alarmArn"))
    return _built(
        name,
        _status(word, f"{path}.detail.state.value"),
        word,
        arn=arn,
        account=first(text(event, "account"), text(event, "accountId")),
        region=text(event, "region"),
        metric=metric,
        dimensions=dimensions,
        changed=moment(at(alarm, "state", "timestamp")) or moment(event.get("time")),
        reason=text(alarm, "state", "reason"),
        description=text(alarm, "configuration", "description"),
    )


def _event(event: Mapping[str, Any], detail: Mapping[str, Any], path: str) -> Alert:
    """Any other AWS event; AWS Health tells whether it is over, the others do not."""
    kind = needed(text(event, "detail-type"), f"{path}['detail-type']", "EventBridge")
    over = first(text(detail, "statusCode"), text(detail, "status")).lower() in (
        "closed",
        "resolved",
        "ok",
    )
    resources = [text(one) for one in rows(event, "resources")]
    own = first(text(detail, "eventArn"), text(detail, "id"), *resources, text(event, "id"))
    said = at(detail, "eventDescription", 0, "latestDescription")
    origin = text(event, "source")
    time = moment(event.get("time"))
    region = text(event, "region")
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"event/{origin}/{kind}/{own}"),
        name=first(text(detail, "eventTypeCode"), text(detail, "title"), kind),
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=_event_severity(detail),
        starts_at=moment(detail.get("startTime")) or (None if over else time),
        ends_at=(moment(detail.get("endTime")) or time) if over else None,
        summary=first(text(detail, "title"), text(said)[:300], kind),
        description=first(text(said), text(detail, "description")),
        labels=labels_of(
            {
                "region": region,
                "account_id": text(event, "account"),
                "aws_source": origin,
                "aws_service": text(detail, "service"),
                "resource": first(*resources),
            }
        ),
    )


def _event_severity(detail: Mapping[str, Any]) -> Severity:
    """A word, or GuardDuty's number: 9 and more are critical, 7 high, 4 medium."""
    number = at(detail, "severity")
    if isinstance(number, int | float) and not isinstance(number, bool):
        for least, level in ((9, Severity.CRITICAL), (7, Severity.HIGH), (4, Severity.WARNING)):
            if number >= least:
                return level
        return Severity.INFO
    return severity_of(first(text(detail, "severity", "label"), text(number)))


# -- both --------------------------------------------------------------------------------------


def _status(word: str, path: str) -> AlertStatus:
    status = _STATES.get(word.upper())
    if status is None:
        raise BadPayload(f"{path} is {shown(word)}; one of {', '.join(_STATES)} is expected")
    return status


def _built(
    name: str,
    status: AlertStatus,
    word: str,
    *,
    arn: str,
    account: str,
    region: str,
    metric: list[str],
    dimensions: dict[str, str],
    changed: datetime | None,
    reason: str,
    description: str,
) -> Alert:
    firing = status is AlertStatus.FIRING
    labels = labels_of(
        {
            "service": next((dimensions[d] for d in _SERVICE_DIMENSIONS if d in dimensions), ""),
            "host": next((dimensions[d] for d in _HOST_DIMENSIONS if d in dimensions), ""),
            "cluster": dimensions.get("ClusterName", ""),
            "region": region,
            "account_id": account,
            "metric": metric[0],
            # Not "namespace": that is where something runs, and this is what measured it.
            "aws_namespace": metric[1],
        },
        dimensions,
    )
    return Alert(
        source=NAME,
        # Envelope and event name the alarm alike, whichever of them comes first.
        fingerprint=fingerprint_of_key(NAME, arn or f"{account}/{region}/{name}"),
        name=name,
        status=status,
        severity=Severity.WARNING if word.upper() == "INSUFFICIENT_DATA" else Severity.UNKNOWN,
        starts_at=changed if firing else None,
        ends_at=None if firing else changed,
        summary=first(description, reason),
        description=reason,
        labels=labels,
        links=_links(region, name),
    )


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 4 and parts[0] == "arn" else ""


def _links(region: str, name: str) -> dict[str, str]:
    if not region or not region.replace("-", "").isalnum() or not region.isascii():
        return {}
    domain = "amazonaws.cn" if region.startswith("cn-") else "aws.amazon.com"
    place = f"https://{region}.console.{domain}/cloudwatch/home?region={region}"
    return links_of(("source", f"{place}#alarmsV2:alarm/{quote(name, safe='')}"))
