"""A random landscape of services, and what breaks in it. Knows the standard library alone.

Twenty domains (each a namespace) of ten services each, in layers, in one of two clusters; a
sixth of the inner services need one of another domain there, and a few platform services are
needed by many. Everything here is drawn by chance from
a seed: which alert belongs to which cause is known because the cause made it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DOMAINS = (
    *("orchid", "maple", "birch", "cedar", "willow", "juniper", "hazel", "alder", "rowan", "aspen"),
    *("laurel", "myrtle", "sorrel", "clover", "thistle", "bramble", "heather", "fennel", "sage"),
    "yarrow",
)
LAYERS = (
    ("web", "edge"),
    ("api", "search", "pricing"),
    ("worker", "sync", "mailer"),
    ("db", "cache"),
)
PLATFORM = ("orchid-db", "maple-cache", "birch-cache", "cedar-db")
CLUSTERS = ("eu-1", "us-1")
NODES = 48
PODS = 6
UNDECLARED = 0.3
LONGEST_CASCADE = 4
WIDEST_CASCADE = 14


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    node: str


@dataclass(frozen=True, slots=True)
class Landscape:
    """`needs` is how things are; `declared` is what somebody wrote down of it."""

    services: Sequence[str]
    needs: Mapping[str, tuple[str, ...]]
    declared: Mapping[str, tuple[str, ...]]
    cluster: Mapping[str, str]
    pods: Mapping[str, tuple[Pod, ...]]

    def needed_by(self, service: str) -> list[str]:
        return [one for one in self.services if service in self.needs[one]]


@dataclass(frozen=True, slots=True)
class Symptom:
    """One service that feels a cause, `delay` seconds after it began; `through` is the service
    it feels it through, `node` the only machine on which it does."""

    service: str
    delay: float
    through: str | None = None
    node: str | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    id: str
    at: float
    lasts: float
    symptoms: tuple[Symptom, ...]

    @property
    def services(self) -> frozenset[str]:
        return frozenset(symptom.service for symptom in self.symptoms)


def make_landscape(chance: random.Random) -> Landscape:
    layers = {
        domain: [[f"{domain}-{role}" for role in layer] for layer in LAYERS] for domain in DOMAINS
    }
    services = [name for domain in DOMAINS for layer in layers[domain] for name in layer]
    needs: dict[str, tuple[str, ...]] = {}
    cluster = {domain: CLUSTERS[number % 2] for number, domain in enumerate(DOMAINS)}
    for domain in DOMAINS:
        near = [one for one in DOMAINS if one != domain and cluster[one] == cluster[domain]]
        platform = [one for one in PLATFORM if cluster[one.split("-")[0]] == cluster[domain]]
        for depth, layer in enumerate(layers[domain]):
            deeper = [name for below in layers[domain][depth + 1 :] for name in below]
            for name in layer:
                own = chance.sample(deeper, min(len(deeper), chance.choice((1, 2, 2, 3))))
                if depth and depth < 3 and chance.random() < 0.17:
                    other = chance.choice(near)
                    own.append(chance.choice([f"{other}-api", f"{other}-worker"]))
                if depth == 1 and chance.random() < 0.12:
                    own.append(chance.choice([one for one in platform if one != name]))
                needs[name] = tuple(dict.fromkeys(own))
    declared = {
        name: tuple(one for one in own if chance.random() >= UNDECLARED)
        for name, own in needs.items()
    }
    by_service = {name: cluster[name.split("-")[0]] for name in services}
    pods = {
        name: tuple(
            Pod(
                f"{name}-{chance.randrange(16**5):05x}-{chance.randrange(16**4):04x}",
                f"node-{by_service[name]}-{chance.randrange(NODES // 2):02d}",
            )
            for _ in range(PODS)
        )
        for name in services
    }
    return Landscape(services, needs, declared, by_service, pods)


def break_service(
    land: Landscape,
    chance: random.Random,
    number: int,
    at: float,
    taken: frozenset[str],
    near: str = "",
) -> Cause | None:
    """A service fails (of the domain `near`, if it can), and those that need it feel it; not
    those that suffer otherwise."""
    free = [name for name in land.services if name not in taken]
    root = chance.choice([name for name in free if name.startswith(near)] or free)
    felt = [Symptom(root, 0.0)]
    reached = {root}
    border = [(root, 0.0)]
    for _ in range(LONGEST_CASCADE):
        following: list[tuple[str, float]] = []
        for service, delay in border:
            for name in land.needed_by(service):
                if name in reached or name in taken or chance.random() > 0.8:
                    continue
                if len(felt) >= WIDEST_CASCADE:
                    break
                later = delay + chance.uniform(5, 60)
                reached.add(name)
                following.append((name, later))
                if chance.random() < 0.92:  # the others pass it on without a word
                    felt.append(Symptom(name, later, through=service))
        border = following
    return Cause(f"cause-{number}", at, chance.uniform(600, 2400), tuple(felt))


def break_node(
    land: Landscape, chance: random.Random, number: int, at: float, taken: frozenset[str]
) -> Cause | None:
    """A machine fails: whatever runs there is felt, related or not; None where little does."""
    node = chance.choice([pod.node for pods in land.pods.values() for pod in pods])
    there = [
        name
        for name in land.services
        if name not in taken and any(pod.node == node for pod in land.pods[name])
    ]
    if len(there) < 3:
        return None
    felt = chance.sample(there, min(len(there), WIDEST_CASCADE))
    symptoms = tuple(Symptom(name, chance.uniform(0, 25), node=node) for name in felt)
    return Cause(f"cause-{number}", at, chance.uniform(600, 1800), symptoms)
