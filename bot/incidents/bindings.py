"""Which alerts people said belong together: it always wins, until it is revoked. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.suggestions.model import Value


class Binding(Value):
    """Two alert families (by key) that are one problem, or never one. `incident_id` is the
    incident on which a person (an actor key) said so."""

    id: int = 0
    one: str
    other: str
    together: bool
    incident_id: int
    actor: str
    at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None


class BindingRepository(Protocol):
    def say(self, binding: Binding) -> bool:
        """Keep it; a later word on the same two families takes the place of an earlier one.
        False when exactly this is in force already."""
        ...

    def in_force(self) -> Sequence[Binding]:
        """Oldest first."""
        ...

    def revoke(self, binding_id: int, *, actor: str, now: datetime) -> Binding | None:
        """None when no such binding is in force."""
        ...


@dataclass(frozen=True, slots=True)
class Ties:
    """What binds one family: the families it belongs with, and those it never does."""

    together: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.together or self.apart)


def ties_of(family: str, bindings: Iterable[Binding]) -> Ties:
    """The ties of a family. That it was merged with one, and that one with another, ties it to
    both; being apart is no matter of third parties."""
    said = list(bindings)
    together: set[str] = set()
    reached = [family]
    while reached:
        current = reached.pop()
        for binding in said:
            partner = _partner(binding, current)
            if binding.together and partner not in (None, family) and partner not in together:
                assert partner is not None
                together.add(partner)
                reached.append(partner)
    apart = {
        partner
        for binding in said
        if not binding.together and (partner := _partner(binding, family)) is not None
    }
    return Ties(frozenset(together - apart), frozenset(apart))


def _partner(binding: Binding, family: str) -> str | None:
    if binding.one == family:
        return binding.other
    return binding.one if binding.other == family else None
