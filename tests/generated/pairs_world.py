"""Pairs of a past incident and a new one with planted differences, seeded.

Knows `knowledge.model` and the standard library alone. Both sides are logs of one service in one
of four formats, with the same usual lines; times, ids, counts, pods and addresses always differ
and are no difference. Planted are up to three of: a client, host or version that changed
everywhere, an error line that is new, an error line of then that is gone. Some pairs have none.
Some have only a snippet of today, where nothing may be said to be missing, some only an excerpt
of then, where nothing may be said to be new, and some no log of then at all.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from knowledge.model import PastIncident, Query

_USUAL = (
    ("INFO", "GET /healthz status=200 took={ms}ms"),
    ("INFO", "order={id} accepted in {ms}ms"),
    ("WARN", "slow request path=/v1/items took={ms}ms trace={id}"),
    ("ERROR", "request failed status=500 trace={id} attempt={n}"),
    ("ERROR", "upstream timeout after {ms}ms from {ip}"),
    ("WARN", "pool exhausted in_use={n} waiting={n} client={client}"),
    ("ERROR", "connection reset by peer {ip} client={client} host={host}"),
    ("INFO", "starting worker build={version} on {host}"),
    ("ERROR", "job {n} aborted build={version} reason=deadline"),
    ("INFO", "user {id} logged in from {ip}"),
    ("WARN", "retrying batch {id} for {client} attempt={n}"),
)
_TROUBLES = (
    ("ERROR", "x509: certificate has expired or is not yet valid"),
    ("FATAL", "remaining connection slots are reserved for superuser roles"),
    ("ERROR", "write failed: no space left on device"),
    ("ERROR", "deadlock detected between process {n} and {n}"),
    ("ERROR", "java.lang.OutOfMemoryError: Java heap space"),
    ("ERROR", "lookup orders-db on {ip}: no such host"),
    ("ERROR", "password authentication failed for user app"),
    ("WARN", "circuit breaker open for acquirer gateway"),
    ("ERROR", "cannot execute INSERT in a read-only transaction"),
    ("ERROR", "quota exceeded for quota metric CPUS"),
    ("ERROR", "schema mismatch: column voucher_id does not exist"),
    ("WARN", "leader lost, election started term={n}"),
)
_SHAPES = ("whole", "same", "snippet", "excerpt", "no_log")
"""`snippet`: little was pasted today; `excerpt`: little was kept of then."""

_CLIENTS = ("report-worker", "invoice-exporter", "stock-sync", "mail-sender", "search-indexer")
_HOSTS = ("node-11", "node-17", "node-23", "db-host-2", "db-host-5")


@dataclass(frozen=True, slots=True)
class Planted:
    """One difference: `kind` as people say it, and words that a row telling it must have."""

    kind: str
    then: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class DifferencePair:
    record: PastIncident
    query: Query
    planted: tuple[Planted, ...]


def make_pairs(seed: int, count: int = 100) -> list[DifferencePair]:
    rng = random.Random(f"pairs {seed}")
    return [_pair(rng, number) for number in range(count)]


def _pair(rng: random.Random, number: int) -> DifferencePair:
    shape = rng.choices(_SHAPES, (66, 10, 9, 9, 6))[0]
    usual = rng.sample(_USUAL, rng.randrange(7, len(_USUAL) + 1))
    troubles = rng.sample(_TROUBLES, 5)
    steady, gone, fresh = troubles[:2], troubles[2:3], troubles[3:5]
    then_names, now_names = _names(rng), {}
    kinds: list[str] = []
    if shape == "whole":
        kinds = rng.sample(["client", "host", "version", "new", "missing"], rng.choice((1, 2, 3)))
    elif shape == "snippet":
        kinds = ["new"]
    now_names = {
        name: _another(rng, name, value) if name in kinds else value
        for name, value in then_names.items()
    }
    then_lines = [*usual, *steady, *(gone if "missing" in kinds or shape == "snippet" else ())]
    if shape == "excerpt":
        then_lines = [*usual[:3], *steady[:1]]
    new_lines = fresh[:1] if "new" in kinds else []
    now_lines = [*(usual if shape != "snippet" else usual[:2]), *steady, *new_lines]
    layout = rng.choice(_LAYOUTS)
    then_at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(40_000))
    now_at = then_at + timedelta(days=rng.randrange(2, 90), minutes=rng.randrange(1400))
    record = PastIncident(
        id=f"D-{number}",
        title="orders trouble",
        symptom="orders fail",
        logs=() if shape == "no_log" else _written(rng, then_lines, then_names, then_at, layout),
    )
    pasted = _written(rng, now_lines, now_names, now_at, layout)
    words = rng.choice(("does this ring a bell?", "look at this please\n```", "what changed?"))
    query = Query(text="OrdersFailing", logs=("\n".join((words, *pasted)),))
    planted = [
        Planted(name, then_names[name], now_names[name]) for name in kinds if name in then_names
    ]
    # A name can only be told where a line shows it.
    planted = [one for one in planted if any("{" + one.kind + "}" in text for _, text in usual)]
    planted += [Planted("new", now=_stable(text)) for _, text in new_lines]
    if "missing" in kinds:
        planted += [Planted("missing", then=_stable(text)) for _, text in gone]
    return DifferencePair(record, query, tuple(planted))


def _names(rng: random.Random) -> dict[str, str]:
    return {
        "client": rng.choice(_CLIENTS),
        "host": rng.choice(_HOSTS),
        "version": f"{rng.randrange(1, 9)}.{rng.randrange(60)}.{rng.randrange(9)}",
    }


def _another(rng: random.Random, name: str, value: str) -> str:
    while (other := _names(rng)[name]) == value:
        pass
    return other


def _stable(text: str) -> str:
    """The longest part of a line without values."""
    return max((part.partition("}")[2] for part in ("}" + text).split("{")), key=len).strip()


def _written(
    rng: random.Random,
    lines: Sequence[tuple[str, str]],
    names: dict[str, str],
    at: datetime,
    layout: Callable[[datetime, str, str, str], str],
) -> tuple[str, ...]:
    pod = f"orders-api-{rng.getrandbits(36):09x}-{rng.getrandbits(20):05x}"
    written: list[str] = []
    # Every line at least once, the usual ones more often, in any order.
    drawn = [*lines, *(rng.choice(lines) for _ in range(rng.randrange(10, 60)))]
    rng.shuffle(drawn)
    for level, text in drawn:
        at += timedelta(milliseconds=rng.randrange(20, 4_000))
        filled = text.format(
            **names,
            n=rng.randrange(2, 500),
            ms=rng.randrange(100, 9_000),
            id=f"{rng.getrandbits(64):016x}",
            ip=f"10.{rng.randrange(255)}.{rng.randrange(255)}.{rng.randrange(1, 255)}",
        )
        written.append(layout(at, level, filled, pod))
    return tuple(written)


def _plain(at: datetime, level: str, text: str, pod: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z {level} {text}"


def _kubectl(at: datetime, level: str, text: str, pod: str) -> str:
    return f"[{pod}] {at:%H:%M:%S}.{at.microsecond // 1000:03} {level:5} {text}"


def _logfmt(at: datetime, level: str, text: str, pod: str) -> str:
    return f'time={at:%Y-%m-%dT%H:%M:%SZ} level={level.lower()} pod={pod} msg="{text}"'


def _syslog(at: datetime, level: str, text: str, pod: str) -> str:
    return f"{at:%b %e %H:%M:%S} {pod} orders[{at.microsecond % 9000 + 1000}]: {level} {text}"


_LAYOUTS = (_plain, _kubectl, _logfmt, _syslog)
