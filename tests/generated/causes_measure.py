"""What a retriever makes of the cases of a causes world, and how often it is right."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from knowledge.embed.port import Embedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.retrieve import Retriever
from tests.generated.causes_world import CausesCase, CausesWorld, Profile

_DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Told:
    """One case's outcome. `first` is the cause of the incident that is named first; `separated`
    whether it was told as the one cause; `fitting` the causes that were said to fit."""

    case: CausesCase
    first: str
    separated: bool
    probability: float
    fitting: tuple[str, ...]

    @property
    def right(self) -> bool:
        return self.first == self.case.cause


@contextmanager
def retriever_over(world: CausesWorld, embedder: Embedder) -> Iterator[Retriever]:
    """A retriever that knows the world's past."""
    source = MemorySource(world.incidents)
    projection = Projection(source, embedder, None)
    projection.open()
    try:
        projection.catch_up()
        yield Retriever(projection, source, embed=embedder.embed)
    finally:
        projection.close()


def outcomes(world: CausesWorld, retriever: Retriever) -> list[Told]:
    """Every case asked once."""
    told: list[Told] = []
    for case in world.cases:
        ranking = retriever.search(case.query)
        causes = tuple(world.cause_of[group.incident_ids[0]] for group in ranking.causes)
        told.append(
            Told(
                case=case,
                first=causes[0] if causes else "",
                separated=ranking.separated,
                probability=ranking.causes[0].probability if ranking.causes else 0.0,
                fitting=causes,
            )
        )
    return told


def share(told: Sequence[Told], holds: Callable[[Told], bool]) -> float:
    return sum(holds(one) for one in told) / len(told) if told else 0.0


def advantage(
    told: Sequence[Told], rival: Callable[[CausesCase], str], seed: int = 1
) -> tuple[float, float, float]:
    """Points of same-cause R@1 ahead of a plain answer, with the ends of the 95 % interval of a
    paired bootstrap over cases (one case a name, so cases are independent)."""
    gains = [one.right - (rival(one.case) == one.case.cause) for one in told]
    rng = random.Random(seed)
    means = sorted(sum(rng.choices(gains, k=len(gains))) / len(gains) for _ in range(_DRAWS))
    whole = sum(gains) / len(gains)
    return whole, means[int(0.025 * _DRAWS)], means[int(0.975 * _DRAWS) - 1]


def nothing_tells(one: Told) -> bool:
    return one.case.profile is Profile.NOTHING
