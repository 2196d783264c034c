"""Actor and Role. Identity is the user id and team id of a verified payload, nothing else."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role includes the ones before it."""

    GUEST = "guest"
    RESPONDER = "responder"
    LEAD = "lead"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Actor:
    """One identity on one platform. Display names are for reading and decide nothing."""

    team_id: str
    user_id: str

    @property
    def key(self) -> str:
        return f"{self.team_id}/{self.user_id}"


SYSTEM = Actor(team_id="recall", user_id="system")
"""The bot itself, in timelines and the audit record."""


class RoleBook:
    """Static roles from configuration: actor key -> role; everyone else is a responder, but for
    those of whom `is_guest` says that they are guests, whatever the configuration names."""

    def __init__(
        self,
        leads: Iterable[str] = (),
        admins: Iterable[str] = (),
        is_guest: Callable[[Actor], bool] = lambda _: False,
    ) -> None:
        self._is_guest = is_guest
        roles: dict[str, Role] = dict.fromkeys(leads, Role.LEAD)
        roles.update(dict.fromkeys(admins, Role.ADMIN))
        self._roles: Mapping[str, Role] = roles

    def role_of(self, actor: Actor, *, is_guest: bool = False) -> Role:
        if is_guest or self._is_guest(actor):
            return Role.GUEST
        return self._roles.get(actor.key, Role.RESPONDER)
