"""Alerts that come with several causes: a seeded world of past incidents, and new ones to tell.

Knows `knowledge.model` and the standard library alone, so that nothing of the retriever can
make its own test easy. The words are in mechanisms.txt.

What makes it hard: every name's causes share the alert's text, vague sentences and most log
lines; causes share log lines, neighbours and vocabulary with each other; a fifth of the records
and of the queries has a line of another cause in it; records are incomplete; the same thing is
worded in another way each time, with words left out and replaced; the first way to put a
symptom never occurs in history; frequencies are skewed, and a cause comes back within 20 days
mostly, but between others of its name.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from knowledge.model import PastIncident, Query

START = datetime(2025, 9, 1, tzinfo=UTC)
_MECHANISMS = Path(__file__).with_name("mechanisms.txt")
_SYNONYMS = {
    "requests": "calls",
    "slow": "sluggish",
    "fail": "break",
    "fails": "breaks",
    "sessions": "connections",
    "connections": "sessions",
    "node": "machine",
    "machine": "node",
    "pods": "instances",
    "errors": "failures",
    "waits": "blocks",
    "growing": "rising",
    "traffic": "load",
    "killed": "terminated",
    "restart": "bounce",
}
_ALERTS = (
    ("HighErrorRate", "{svc} answers more than 5 % of requests with an error"),
    ("LatencyHigh", "p99 latency of {svc} above 2 s for ten minutes"),
    ("Availability", "Availability of {svc} below its objective"),
    ("RequestsFailing", "Requests to {svc} fail in the last fifteen minutes"),
    ("BurnRateFast", "{svc} burns its error budget fourteen times too fast"),
    ("Throughput", "Throughput of {svc} fell under half of the usual"),
)
_OBJECTS = (
    *("orders", "billing", "catalogue", "search", "basket", "session", "profile", "invoice"),
    *("shipping", "stock", "pricing", "voucher", "review", "media", "export", "ledger"),
)
_KINDS = ("api", "worker", "gateway", "sync", "web")
_STORES = ("db", "cache", "store", "broker")
_VAGUE = (
    "customers complain about {svc}",
    "{svc} is slow or fails, no pattern seen yet",
    "support has {n} tickets about it",
    "started around {n} past the hour",
    "dashboards of {svc} are red",
    "requests time out now and then",
    "error rate climbs, latency too",
    "on call was paged, looked at {svc} first",
    "restarting one pod did not help",
    "looks like last time, maybe",
    "some requests still succeed",
    "load is about as usual",
)
_NOISE_LOGS = (
    "INFO GET /healthz 200 {n}ms",
    "INFO request id={id} done status=200 in {ms}ms",
    "ERROR request id={id} failed status=500 in {ms}ms",
    "ERROR upstream request timeout after {ms}ms service={svc}",
    "WARN slow request path=/v1/items took {ms}ms",
    "INFO connected to {ip}",
    "INFO config reloaded in {n}ms",
    "DEBUG span {id} exported",
    "WARN context deadline exceeded service={svc}",
    "INFO worker heartbeat seq={n}",
)
_NOISE_NEIGHBOURS = ("{svc} burn rate", "synthetic check {svc} failing", "{svc} latency high")


class Profile(StrEnum):
    """What is known of the new incident beyond its alert."""

    EVERYTHING = "everything"
    TEXT = "text"
    LOGS = "logs"
    NEIGHBOURS = "neighbours"
    CHANGES = "changes"
    LABELS = "labels"
    NOTHING = "nothing"


_PROFILES: Mapping[Profile, float] = {
    Profile.EVERYTHING: 0.2,
    Profile.TEXT: 0.2,
    Profile.LOGS: 0.2,
    Profile.NEIGHBOURS: 0.12,
    Profile.CHANGES: 0.08,
    Profile.LABELS: 0.05,
    Profile.NOTHING: 0.15,
}


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One way to break: texts by kind, as in mechanisms.txt."""

    name: str
    texts: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class CausesCase:
    """A new incident, the cause it has, and what the past holds: causes by incident id.

    `recent` and `frequent` are what the two plain answers would name: the newest incident of
    the same name, and the newest one of the name's most frequent cause.
    """

    query: Query
    cause: str
    profile: Profile
    recent: str
    frequent: str


@dataclass(slots=True)
class CausesWorld:
    incidents: list[PastIncident] = field(default_factory=list)
    cases: list[CausesCase] = field(default_factory=list)
    cause_of: dict[str, str] = field(default_factory=dict)
    """By incident id: `name/mechanism`; the same for two incidents of one cause."""


def make_world(seed: int, names: int = 240) -> CausesWorld:
    """`names` alert names with 2 to 5 causes each, one new incident a name."""
    rng = random.Random(f"causes {seed}")
    mechanisms = read_mechanisms()
    world = CausesWorld()
    pool = [(s, a) for s in _services() for a in range(len(_ALERTS))]
    for number, (service, alert) in enumerate(rng.sample(pool, names)):
        _Name(rng, world, number, service, alert, mechanisms).play()
    return world


def read_mechanisms() -> list[Mechanism]:
    made: list[Mechanism] = []
    for line in _MECHANISMS.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            made.append(Mechanism(line[2:], {kind: [] for kind in "scflnd"}))
        elif line.strip() and not line.startswith("#"):
            kind, _, text = line.partition(": ")
            texts = made[-1].texts[kind]
            assert isinstance(texts, list)
            texts.append(text)
    return made


def _services() -> list[str]:
    return [f"{name}-{kind}" for name in _OBJECTS for kind in _KINDS]


@dataclass(frozen=True, slots=True)
class _Cause:
    mechanism: Mechanism
    bound: Mapping[str, str]
    zone: str
    weight: float


class _Name:
    """One alert name: its causes, its history, and the incident that comes next."""

    def __init__(
        self,
        rng: random.Random,
        world: CausesWorld,
        number: int,
        service: str,
        alert: int,
        mechanisms: Sequence[Mechanism],
    ) -> None:
        self.rng, self.world, self.number, self.service = rng, world, number, service
        ending, said = _ALERTS[alert]
        self.name = "".join(part.capitalize() for part in service.split("-")) + ending
        self.said = said.format(svc=service)
        self.dep = f"{service.split('-')[0]}-{rng.choice(_STORES)}"
        chosen = rng.sample(list(mechanisms), rng.choice((2, 3, 3, 4, 5)))
        self.causes = [
            _Cause(
                mechanism,
                {
                    "svc": service,
                    "dep": self.dep,
                    "peer": rng.choice([one for one in _services() if one != service]),
                    "host": f"node-{rng.randrange(10, 60)}",
                },
                zone=rng.choice("abc") if rng.random() < 0.35 else "",
                weight=(place + 1) ** -0.7,
            )
            for place, mechanism in enumerate(chosen)
        ]

    def play(self) -> None:
        """The history, then the new incident of a cause that history knows."""
        at = START + timedelta(days=self.rng.uniform(0, 30))
        seen: list[tuple[datetime, _Cause]] = []
        for _ in range(self.rng.randrange(5, 13)):
            cause = self._next_cause(at, seen)
            self._record(at, cause)
            seen.append((at, cause))
            at += timedelta(days=self.rng.choice((1, 2, 3, 4, 6)) * self.rng.uniform(0.5, 1.3))
        cause = self._recurring(at, seen)
        recent = self._key(seen[-1][1])
        counts = {self._key(one): 0 for _, one in seen}
        for _, one in seen:
            counts[self._key(one)] += 1
        frequent = max(counts, key=lambda key: counts[key])
        profile = self.rng.choices(list(_PROFILES), list(_PROFILES.values()))[0]
        self.world.cases.append(
            CausesCase(self._query(cause, profile), self._key(cause), profile, recent, frequent)
        )

    def _next_cause(self, at: datetime, seen: Sequence[tuple[datetime, _Cause]]) -> _Cause:
        if seen and self.rng.random() < 0.25:
            return self._recurring(at, seen)
        weights = [one.weight for one in self.causes]
        return self.rng.choices(self.causes, weights)[0]

    def _recurring(self, at: datetime, seen: Sequence[tuple[datetime, _Cause]]) -> _Cause:
        """A cause that was there before: within 20 days in nine of ten, as in life."""
        near = [one for when, one in seen if at - when <= timedelta(days=20)]
        pool = near if near and self.rng.random() < 0.9 else [one for _, one in seen]
        distinct = [one for one in self.causes if one in pool]
        return self.rng.choices(distinct, [one.weight for one in distinct])[0]

    def _key(self, cause: _Cause) -> str:
        return f"{self.name}/{cause.mechanism.name}"

    def _record(self, at: datetime, cause: _Cause) -> None:
        rng = self.rng
        number = len(self.world.incidents) + 1
        other = self._other(cause)
        symptoms = self._some(cause, "s", rng.choice((0, 1, 1, 2)), held_out=True)
        if rng.random() < 0.15:
            symptoms += self._some(other, "s", 1, held_out=True)
        logs: tuple[str, ...] = ()
        if rng.random() < 0.65:
            logs = self._logs(cause, other, at, rng.randrange(4, 14))
        self.world.incidents.append(
            PastIncident(
                id=f"P-{number}",
                title=rng.choice((self.said, f"{self.service} trouble", self.name)),
                services=(self.service,),
                environments=("prod/eu-1",),
                alerts=(self.name,),
                symptom=self._prose(symptoms),
                cause=self._note(cause, "c") if rng.random() < 0.95 else "",
                resolution=self._note(cause, "f") if rng.random() < 0.8 else "",
                logs=logs,
                started_at=at,
                resolved_at=at + timedelta(minutes=rng.randrange(6, 90)),
                labels=self._labels(cause),
                neighbours=self._neighbours(cause, other) if rng.random() < 0.6 else (),
                changes=self._changes(cause, other) if rng.random() < 0.6 else (),
            )
        )
        self.world.cause_of[f"P-{number}"] = self._key(cause)

    def _query(self, cause: _Cause, profile: Profile) -> Query:
        rng = self.rng
        has = {profile}
        if profile is Profile.EVERYTHING:
            has = set(Profile)
        other = self._other(cause)
        told = self._some(cause, "s", 1) if Profile.TEXT in has else []
        if Profile.TEXT in has and rng.random() < 0.2:
            told += self._some(other, "s", 1)
        logs: tuple[str, ...] = ()
        if Profile.LOGS in has:
            lines = self._logs(cause, other, START + timedelta(days=300), rng.randrange(8, 40))
            logs = ("\n".join(lines),)
        text = self._prose(told) if told or rng.random() < 0.5 else ""
        # In a thread, what people write is evidence beside the alert; who asks, writes one text.
        if text and rng.random() < 0.7:
            logs, text = (text, *logs), ""
        return Query(
            text=f"{self.name}\n{self.said}\n{text}".strip(),
            alert_name=self.name,
            service=self.service,
            environment="prod/eu-1",
            labels=self._labels(cause if Profile.LABELS in has else None),
            logs=logs,
            neighbours=self._neighbours(cause, other) if Profile.NEIGHBOURS in has else (),
            changes=self._changes(cause, other) if Profile.CHANGES in has else (),
        )

    # -- words --------------------------------------------------------------------------

    def _other(self, cause: _Cause) -> _Cause:
        return self.rng.choice([one for one in self.causes if one is not cause])

    def _some(self, cause: _Cause, kind: str, count: int, *, held_out: bool = False) -> list[str]:
        texts = cause.mechanism.texts[kind][1 if held_out else 0 :]
        chosen = self.rng.sample(list(texts), min(count, len(texts)))
        return [self._filled(text, cause) for text in chosen]

    def _filled(self, text: str, cause: _Cause) -> str:
        rng = self.rng
        return text.format(
            **cause.bound,
            n=rng.randrange(3, 400),
            ms=rng.randrange(200, 9_000),
            pct=rng.randrange(81, 100),
            ver=f"{rng.randrange(1, 9)}.{rng.randrange(40)}.{rng.randrange(9)}",
            ip=f"10.{rng.randrange(255)}.{rng.randrange(255)}.{rng.randrange(1, 255)}",
            id=f"{rng.getrandbits(48):012x}",
        )

    def _prose(self, telling: Sequence[str]) -> str:
        """Telling sentences among vague ones, in one of four people's ways to write."""
        rng = self.rng
        vague = rng.sample(_VAGUE, rng.choice((1, 2, 3)))
        lines = [*(self._filled(one, self.causes[0]) for one in vague), *telling]
        rng.shuffle(lines)
        lines = [self._reworded(line) for line in lines]
        style = rng.randrange(4)
        if style == 0:
            return "; ".join(lines)
        if style == 1:
            return "\n".join(f"- {line}" for line in lines)
        if style == 2:
            return f"Paged at {rng.randrange(24):02}:{rng.randrange(60):02}. " + ". ".join(
                line[:1].upper() + line[1:] for line in lines
            )
        return " ... ".join(lines).lower()

    def _reworded(self, line: str) -> str:
        """Words left out and replaced, as people do from one time to the next."""
        words = []
        for word in line.split(" "):
            if self.rng.random() < 0.08:
                continue
            if self.rng.random() < 0.5:
                word = _SYNONYMS.get(word, word)
            words.append(word)
        return " ".join(words)

    def _note(self, cause: _Cause, kind: str) -> str:
        return self._reworded(self._some(cause, kind, 1)[0])

    def _logs(self, cause: _Cause, other: _Cause, at: datetime, lines: int) -> tuple[str, ...]:
        """Mostly lines that all have; up to three of this cause, sometimes one of another."""
        rng = self.rng
        telling = self._some(cause, "l", rng.choice((0, 1, 2, 2, 3)))
        if rng.random() < 0.2:
            telling += self._some(other, "l", 1)
        noise = [self._filled(rng.choice(_NOISE_LOGS), cause) for _ in range(lines)]
        mixed = [*noise, *telling]
        rng.shuffle(mixed)
        return tuple(
            f"{at + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ} {line}"
            for second, line in enumerate(mixed)
        )

    def _labels(self, cause: _Cause | None) -> dict[str, str]:
        rng = self.rng
        zone = rng.choice("abc")
        if cause is not None and cause.zone and rng.random() < 0.85:
            zone = cause.zone
        return {
            "alertname": self.name,
            "severity": rng.choice(("critical", "critical", "warning")),
            "zone": f"eu-1{zone}",
            "pod": f"{self.service}-{rng.getrandbits(20):05x}",
        }

    def _neighbours(self, cause: _Cause, other: _Cause) -> tuple[str, ...]:
        rng = self.rng
        kept = [self._filled(one, cause) for one in _NOISE_NEIGHBOURS if rng.random() < 0.4]
        texts = cause.mechanism.texts["n"]
        if rng.random() < 0.85:
            kept += self._some(cause, "n", rng.randrange(1, len(texts) + 1))
        if rng.random() < 0.2:
            kept += self._some(other, "n", 1)
        rng.shuffle(kept)
        return tuple(dict.fromkeys(kept))

    def _changes(self, cause: _Cause, other: _Cause) -> tuple[str, ...]:
        """Deploys of anything, and the one that did it where a change did it."""
        rng = self.rng
        kept = [
            f"deploy {rng.choice(_services())} {rng.randrange(9)}.{rng.randrange(30)}.0"
            for _ in range(rng.choice((0, 0, 1, 2)))
        ]
        if rng.random() < 0.85:
            kept += self._some(cause, "d", 1)
        if rng.random() < 0.1:
            kept += self._some(other, "d", 1)
        rng.shuffle(kept)
        return tuple(kept)
