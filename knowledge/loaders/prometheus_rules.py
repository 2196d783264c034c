"""Alerting rules from Prometheus rule files, and from PrometheusRule objects of Kubernetes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from knowledge.errors import BadDocument
from knowledge.loaders.files import read_capped

_MAX_EVENTS = 500_000
_MAX_DEPTH = 24
_MAX_ALIASES = 100
_MAX_RULES = 50_000
_MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One `alert:` of a rule file. `runbook_url` is "" where the rule names none."""

    name: str
    group: str
    file: str
    labels: Mapping[str, str] = field(default_factory=dict)
    runbook_url: str = ""
    summary: str = ""


def load(path: Path) -> list[AlertRule]:
    """The alerting rules of one file. Raises BadDocument."""
    try:
        text = read_capped(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(f"{path.name} is not UTF-8 text") from error
    except BadDocument as error:
        raise BadDocument(f"{path.name} {error}") from error
    return parse(text, path.name)


def parse(text: str, name: str) -> list[AlertRule]:
    """The alerting rules of a text in their order; recording rules are left out.

    Raises BadDocument, naming the file as `name`, for what is no rule file.
    """
    found: list[AlertRule] = []
    for document in _documents(text, name):
        for group in _groups(document, name):
            if not isinstance(group, Mapping):
                raise BadDocument(f"{name}: a group of rules is not `name:` and `rules:`")
            called = _text(group.get("name"))
            rules = group.get("rules")
            if rules is not None and not isinstance(rules, list):
                raise BadDocument(f"{name}: the rules of group {called!r} are not a list")
            found += [rule for one in rules or () if (rule := _rule(one, called, name)) is not None]
            if len(found) > _MAX_RULES:
                raise BadDocument(f"{name} has more than {_MAX_RULES:,} alerting rules")
    return found


def _documents(text: str, name: str) -> Iterator[object]:
    try:
        _check_size(text, name)
        yield from yaml.safe_load_all(text)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise BadDocument(f"{name} is not valid YAML: {told}") from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadDocument(f"{name} holds an impossible value: {error}") from error


def _check_size(text: str, name: str) -> None:
    """Count events as they are scanned, so that a bomb is refused before it is built."""
    depth = aliases = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if count > _MAX_EVENTS or depth > _MAX_DEPTH or aliases > _MAX_ALIASES:
            raise BadDocument(f"{name} is nested too deep or holds too many values")


def _groups(document: object, name: str) -> list[Any]:
    if document is None:
        return []
    if not isinstance(document, Mapping):
        raise BadDocument(f"{name} is no rule file: it has no `groups:`")
    spec = document.get("spec")
    holder = spec if isinstance(spec, Mapping) and "groups" not in document else document
    groups = holder.get("groups")
    if not isinstance(groups, list):
        raise BadDocument(f"{name} is no rule file: it has no list of `groups:`")
    return groups


def _rule(rule: object, group: str, name: str) -> AlertRule | None:
    if not isinstance(rule, Mapping):
        raise BadDocument(f"{name}: a rule of group {group!r} is not `key: value` pairs")
    alert = _text(rule.get("alert"))
    if not alert:
        return None
    annotations = rule.get("annotations")
    said = annotations if isinstance(annotations, Mapping) else {}
    labels = rule.get("labels")
    return AlertRule(
        name=alert,
        group=group,
        file=name,
        labels={
            _text(key): _text(value)
            for key, value in (labels.items() if isinstance(labels, Mapping) else ())
        },
        runbook_url=_text(said.get("runbook_url")) or _text(said.get("runbook")),
        summary=_text(said.get("summary")),
    )


def _text(value: object) -> str:
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    return " ".join(str(value).split())[:_MAX_TEXT] if is_text else ""
