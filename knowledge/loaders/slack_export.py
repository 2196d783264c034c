"""Past incidents from a Slack export: each incident channel becomes one record.

The record holds what was said and nothing more. Cause and resolution are taken only from a
message that labels them as such, word for word.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from knowledge.errors import BadDocument
from knowledge.loaders.archive import Limits, SafeZip, open_zip
from knowledge.loaders.labelled import labelled_statements
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.loaders.slack_text import Message, message_of, user_names
from knowledge.model import EVERYONE, DocumentState, PastIncident, Visibility

DEFAULT_CHANNELS = r"^(inc|incident|sev)[-_]"
_FIRST_MESSAGES = 8
_SYMPTOM_CHARACTERS = 4_000
_MAX_LOGS = 20
_LOG_CHARACTERS = 8_000
_MAX_MESSAGES = 100_000
_SEVERITY = re.compile(r"\bsev(?:erity)?[-_ ]?([0-5])(?![0-9])", re.IGNORECASE)
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}\.json$")


@dataclass(frozen=True, slots=True)
class _Channel:
    id: str
    name: str
    topic: str
    purpose: str
    private: bool
    created: object


def load(
    path: Path,
    *,
    channels: str = DEFAULT_CHANNELS,
    team_id: str | None = None,
    state: DocumentState = DocumentState.CONFIRMED,
    limits: Limits | None = None,
) -> Outcomes:
    """One PastIncident for each channel whose name matches the pattern `channels`.

    A private channel's record may be seen by the members of that channel only; that needs the
    workspace's id, found in the export or given as `team_id`. Direct messages are never read.
    Raises BadDocument when the archive as a whole is unusable or the pattern is no pattern.
    """
    try:
        wanted = re.compile(channels, re.IGNORECASE)
    except re.error as error:
        raise BadDocument(f"{channels!r} is not a valid pattern: {error}") from error
    with open_zip(path, limits) as archive:
        root = _root(archive)
        users = _json(archive, f"{root}users.json", f"{root}org_users.json")
        names = user_names(users)
        team = team_id or _team_of(users)
        for channel in _channels(archive, root):
            if not wanted.search(channel.name):
                continue
            try:
                days = _days(archive, f"{root}{channel.name}/")
                raw = [item for day in days for item in _messages(archive, day)]
                incident = _incident(channel, raw, names, team or _team_of(raw), state)
                yield Loaded(incident, f"#{channel.name}")
            except BadDocument as error:
                yield Problem(f"#{channel.name}", None, str(error))


# --- the archive ----------------------------------------------------------------------------


def _root(archive: SafeZip) -> str:
    """ "" or the one folder that everything was packed under."""
    found = [name for name in archive.names if name.split("/")[-1] == "channels.json"]
    found += [name for name in archive.names if name.split("/")[-1] == "groups.json"]
    shallow = [name for name in found if name.count("/") <= 1]
    if not shallow:
        raise BadDocument("is not a Slack export: there is no channels.json in it")
    first = min(shallow, key=lambda name: name.count("/"))
    return first[: first.rfind("/") + 1]


def _json(archive: SafeZip, *names: str) -> object:
    """The content of the first of `names` that is there; None when none is."""
    present = set(archive.names)
    for name in names:
        if name in present:
            try:
                return json.loads(archive.read(name))
            except (ValueError, RecursionError) as error:
                raise BadDocument(f"{name} is not valid JSON") from error
    return None


def _channels(archive: SafeZip, root: str) -> list[_Channel]:
    found: list[_Channel] = []
    for file, private in (("channels.json", False), ("groups.json", True)):
        listed = _json(archive, f"{root}{file}")
        for item in listed if isinstance(listed, list) else []:
            if not isinstance(item, Mapping):
                continue
            key, name = item.get("id"), item.get("name")
            if isinstance(key, str) and isinstance(name, str) and key and name:
                restricted = private or item.get("is_private") is True
                found.append(
                    _Channel(
                        id=key,
                        name=name,
                        topic=_value(item.get("topic")),
                        purpose=_value(item.get("purpose")),
                        private=restricted,
                        created=item.get("created"),
                    )
                )
    return found


def _value(setting: object) -> str:
    value = setting.get("value") if isinstance(setting, Mapping) else None
    return " ".join(value.split()) if isinstance(value, str) else ""


def _days(archive: SafeZip, folder: str) -> list[str]:
    return sorted(
        name
        for name in archive.names
        if name.startswith(folder) and _DAY.match(name.removeprefix(folder))
    )


def _messages(archive: SafeZip, name: str) -> list[object]:
    listed = _json(archive, name)
    if not isinstance(listed, list):
        raise BadDocument(f"{name} is not a list of messages")
    return listed


def _team_of(items: object) -> str | None:
    """The workspace's id, as users.json or a message names it."""
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping):
            for key in ("team_id", "team"):
                if isinstance(item.get(key), str) and item[key]:
                    return str(item[key])
    return None


# --- one channel ----------------------------------------------------------------------------


def _incident(
    channel: _Channel,
    raw: Sequence[object],
    names: Mapping[str, str],
    team: str | None,
    state: DocumentState,
) -> PastIncident:
    if len(raw) > _MAX_MESSAGES:
        raise BadDocument(f"has more than {_MAX_MESSAGES:,} messages; this is no incident channel")
    if channel.private and team is None:
        raise BadDocument(
            "is private and the export does not name its workspace; give it with --team"
        )
    said = [message for item in raw if (message := message_of(item, names)) is not None]
    said.sort(key=lambda message: message.at)
    if not said:
        raise BadDocument("has no message in the export")
    statements = labelled_statements(message.text for message in said)
    started, ended = said[0].at, said[-1].at
    return PastIncident(
        id=f"slack-{channel.id}",
        title=channel.topic or channel.purpose or f"#{channel.name}",
        symptom=_symptom(said),
        cause=statements.cause,
        resolution=statements.resolution,
        logs=_logs(said),
        severity=_severity(channel),
        started_at=started,
        resolved_at=_after(started, ended),
        tags=(channel.name,),
        url=f"https://app.slack.com/client/{team}/{channel.id}" if team else None,
        visibility=_visibility(channel, team),
        state=state,
    )


def _visibility(channel: _Channel, team: str | None) -> Visibility:
    return Visibility(frozenset({f"{team}/{channel.id}"})) if channel.private else EVERYONE


def _after(started: datetime, ended: datetime) -> datetime | None:
    """A single message says when it began, not when it was over."""
    return ended if ended > started else None


def _symptom(said: Sequence[Message]) -> str:
    """The first words in the channel and what alerting bots posted among them."""
    parts: list[str] = []
    spoken = 0
    for message in said:
        if message.attached and message.by_bot:
            parts.append(message.attached)
        if message.text:
            parts.append(message.text)
            spoken += 1
        if spoken >= _FIRST_MESSAGES:
            break
    text = "\n".join(dict.fromkeys(parts))
    if len(text) <= _SYMPTOM_CHARACTERS:
        return text
    return text[: text.rfind("\n", 0, _SYMPTOM_CHARACTERS) + 1 or _SYMPTOM_CHARACTERS].rstrip()


def _logs(said: Sequence[Message]) -> tuple[str, ...]:
    blocks = dict.fromkeys(block for message in said for block in message.code)
    return tuple(block[:_LOG_CHARACTERS] for block in list(blocks)[:_MAX_LOGS])


def _severity(channel: _Channel) -> str:
    found = _SEVERITY.search(channel.topic) or _SEVERITY.search(channel.name.replace("_", "-"))
    return f"SEV{found[1]}" if found else ""
