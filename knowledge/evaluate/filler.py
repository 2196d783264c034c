"""Filler for a large memory: runbooks and past incidents of a company that does not exist.

Made by a seeded generator. The subjects are the ones that any operations team writes about, in
changing words, so that a search has to tell near things apart and not only far ones.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from knowledge.loaders.outcome import Loaded
from knowledge.model import Document, PastIncident, Runbook
from knowledge.text.passages import passages_of

_AREAS = [
    "parcel",
    "fraud",
    "tariff",
    "loyalty",
    "catalogue",
    "search",
    "mail",
    "stock",
    "returns",
    "tax",
    "courier",
    "voucher",
    "identity",
    "ledger",
    "media",
    "audit",
    "pricing",
    "chat",
    "metrics",
    "export",
    "partner",
    "route",
    "slot",
    "label",
]
_PARTS = [
    "api",
    "worker",
    "db",
    "cache",
    "gateway",
    "indexer",
    "scheduler",
    "proxy",
    "consumer",
    "importer",
]
_CLUSTERS = ("prod/ap-1", "prod/eu-3", "prod/us-4", "staging")
_OPENINGS = (
    "Pager went off and the graph agreed:",
    "Reported by support first.",
    "Seen after lunch on the overview board:",
    "Nothing had been deployed that day.",
    "Began slowly, then all at once:",
    "A colleague noticed while looking for something else.",
    "Customers wrote before the alert came.",
    "The alert cleared twice and came back.",
)
_CLOSINGS = (
    "Watched for half an hour, quiet since.",
    "A ticket asks for a lasting mend.",
    "Limits are written down now.",
    "The alert's threshold stays as it is.",
    "Nobody had to be woken for it.",
    "The owner has added a test.",
)
_MOMENTS = ("overnight", "at month's end", "during the sale", "after the move", "on Monday", "")
_FIRST = ("Look at", "Begin with", "Check", "Compare", "Write down")
_THINGS = (
    "the error rate of the last hour",
    "which pods are concerned",
    "the time of the last rollout",
    "free space and inodes",
    "the queue's length and its oldest entry",
    "open connections by client",
    "p99 beside p50",
    "what the neighbours report",
)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One way in which things fail; `%s` is the service, {n} and {m} are numbers."""

    alert: str
    what: str
    signs: tuple[str, ...]
    causes: tuple[str, ...]
    remedies: tuple[str, ...]
    log: str


_TROUBLES = (
    _Trouble(
        "ConnectionPoolExhausted",
        "runs out of connections",
        ("callers wait {n} ms for a connection", "all {m} slots of the pool are taken"),
        ("a job keeps connections open", "more replicas than the pool was made for"),
        ("restart the job that holds them", "lower the pool of each replica to {m}"),
        "ERROR no connection within {n} ms, {m} callers waiting",
    ),
    _Trouble(
        "MemoryNearLimit",
        "is close to its memory limit",
        ("memory grew by {n} MB in an hour", "{m} restarts with exit code 137"),
        ("entries without expiry pile up", "a batch reads a whole table at once"),
        ("raise the limit by {n} MB", "delete the keys that never expire"),
        "Killed process {n} (java) total-vm:{m}00000kB",
    ),
    _Trouble(
        "ReplicaLagging",
        "has a replica that falls behind",
        ("replay stands still for {m} minutes", "reads return rows from {n} seconds ago"),
        ("a long report blocks replay", "a bulk update writes more than the disk bears"),
        ("cancel the report on the replica", "pause the bulk update and let it catch up"),
        "LOG recovery still waiting after {n} ms: snapshot conflict",
    ),
    _Trouble(
        "ConsumerBacklog",
        "does not keep up with its queue",
        ("{n} messages wait, the oldest for {m} minutes", "the lag grows on {m} partitions"),
        ("one message cannot be read and is tried for ever", "half of the consumers hang"),
        ("move the message aside and go on", "add {m} consumers until the lag is gone"),
        "WARN rebalance of group took {n} ms, {m} members left",
    ),
    _Trouble(
        "ErrorRateHigh",
        "answers too many requests with 5xx",
        ("{m}% of the requests fail with 503", "errors come from {m} new pods alone"),
        ("the last build reads a missing setting", "an upstream address is gone"),
        ("roll back to the build before", "reload the proxy so that it resolves again"),
        "[error] {n}#0: upstream prematurely closed connection, status 502",
    ),
    _Trouble(
        "LatencyP99High",
        "became slow in the tail",
        ("p99 is {n} ms while p50 did not move", "pauses of {m} seconds, then fine"),
        ("garbage collection with a full old generation", "a plan changed to a full scan"),
        ("give the heap {m} GB", "analyse the table and pin the plan"),
        "gc pause (full) {n}ms heap {m}00M->{m}00M",
    ),
    _Trouble(
        "DiskFilling",
        "fills its volume",
        ("{m}% of the volume is used and {n} MB come every minute", "writes fail, no space"),
        ("old segments are kept because a slot is unused", "debug logs were left switched on"),
        ("drop the unused slot", "turn the log level back and rotate"),
        "write failed: No space left on device ({n} bytes)",
    ),
    _Trouble(
        "CertificateEndsSoon",
        "has a certificate that ends soon",
        ("the certificate ends in {m} days", "renewal was tried {n} times"),
        ("the challenge's record is not visible outside", "the issuer's account is over quota"),
        ("publish the record by hand", "use the second issuer"),
        "acme: order {n} invalid, challenge pending for {m} h",
    ),
    _Trouble(
        "NodeLost",
        "lost the node that it ran on",
        ("no heartbeat for {m} minutes", "{n} pods wait for a place"),
        ("the host's hardware failed", "the kernel ran out of conntrack entries"),
        ("drain the node and replace it", "raise the table's size to {n}"),
        "node_lifecycle_controller: node is unresponsive as of {n}s ago",
    ),
    _Trouble(
        "CredentialRefused",
        "cannot log in to what it needs",
        ("every call is answered with 403 since {m} minutes", "tokens end in {n} seconds"),
        ("the role lost a policy in a clean-up", "a key was rotated on one side alone"),
        ("attach the policy again", "load the new key on both sides"),
        "permission denied: lease {n} is not renewable",
    ),
    _Trouble(
        "ThirdPartyDown",
        "waits for a partner that does not answer",
        ("calls to the partner end after {n} ms", "the breaker is open on {m} pods"),
        ("the partner has an outage", "our address is not on the partner's list any more"),
        ("switch to the second partner", "ask the partner to admit the address"),
        "dial tcp partner:443: i/o timeout after {n} ms",
    ),
    _Trouble(
        "NamesNotResolved",
        "cannot resolve names now and then",
        ("{m} of {n} look-ups time out", "only pods with many look-ups are concerned"),
        ("every look-up tries five search domains", "the resolver's cache was made too small"),
        ("ask for full names with a dot", "run a cache on every node"),
        "lookup failed: read udp: i/o timeout, try {m}",
    ),
)


def filler(passages: int, seed: int) -> Iterator[Loaded]:
    """Documents until they make at least `passages` passages; one in four is a runbook."""
    chance = random.Random(seed)
    made = number = 0
    while made < passages:
        number += 1
        document = _page(chance, number) if number % 4 == 0 else _record(chance, number)
        made += len(passages_of(document))
        yield Loaded(document, file="filler", line=number)


def sentences(count: int, words: int, seed: int) -> list[str]:
    """Texts of exactly `words` words in the same language, to embed."""
    chance = random.Random(seed)
    texts = []
    for _ in range(count):
        found: list[str] = []
        while len(found) < words:
            found += _told(chance, chance.choice(_TROUBLES), _service(chance)).split()
        texts.append(" ".join(found[:words]))
    return texts


def _service(chance: random.Random) -> str:
    return f"{chance.choice(_AREAS)}-{chance.choice(_PARTS)}"


def _numbers(chance: random.Random, text: str) -> str:
    return text.format(n=chance.randint(100, 9999), m=chance.randint(2, 90))


def _told(chance: random.Random, trouble: _Trouble, service: str) -> str:
    sign = _numbers(chance, chance.choice(trouble.signs))
    moment = chance.choice(_MOMENTS)
    when = f" {moment}" if moment else ""
    return f"{chance.choice(_OPENINGS)} {service} {trouble.what}{when}, {sign}."


def _record(chance: random.Random, number: int) -> Document:
    trouble, service = chance.choice(_TROUBLES), _service(chance)
    other = _service(chance)
    began = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randint(0, 900_000))
    return PastIncident(
        id=f"OLD-{number}",
        title=f"{service} {trouble.what} {chance.choice(_MOMENTS)}".strip(),
        services=(service,),
        environments=(chance.choice(_CLUSTERS),),
        alerts=(f"{service.title().replace('-', '')}{trouble.alert}",),
        symptom=f"{_told(chance, trouble, service)} {_told(chance, trouble, other)}",
        cause=_numbers(chance, f"{chance.choice(trouble.causes)}, set off by {other}"),
        resolution=_numbers(
            chance, f"{chance.choice(trouble.remedies)}. {chance.choice(_CLOSINGS)}"
        ),
        logs=(_numbers(chance, f"[{service}] {trouble.log}"),),
        started_at=began,
        resolved_at=began + timedelta(minutes=chance.randint(5, 240)),
    )


def _page(chance: random.Random, number: int) -> Document:
    trouble, service = chance.choice(_TROUBLES), _service(chance)
    checks = "\n".join(
        f"- {chance.choice(_FIRST)} {thing} of {service}." for thing in chance.sample(_THINGS, 4)
    )
    remedies = "\n".join(
        f"{place}. {_numbers(chance, remedy).capitalize()}."
        for place, remedy in enumerate(trouble.remedies, start=1)
    )
    body = (
        f"# {service} {trouble.what}\n\n"
        f"{_told(chance, trouble, service)} {_told(chance, trouble, service)}\n\n"
        f"## How to confirm\n\n{checks}\n\n"
        f"## Mitigation\n\n{remedies}\n\n"
        f"```\nkubectl -n {service.split('-')[0]} rollout restart deployment/{service}\n```\n\n"
        f"## Why it happens\n\n{_numbers(chance, ' or '.join(trouble.causes))}.\n\n"
        f"## Escalation\n\nThe owners of {service}; {chance.choice(_CLOSINGS)}\n"
    )
    return Runbook(
        id=f"filler-{service}-{number}",
        title=f"{service} {trouble.what}",
        services=(service,),
        alerts=(f"{service.title().replace('-', '')}{trouble.alert}",),
        body=body,
    )
