"""Keeping what user groups of the chat make of people up to date. Whatever changes is audited."""

import logging
from collections.abc import Callable, Collection, Sequence

from bot.clock import Clock
from bot.errors import ChatUnavailable, Retryable
from bot.people.standing import keep_members
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0

AskMembers = Callable[[str], Collection[str] | None]
"""The user ids of a group (its id); None where the platform refuses to tell. May raise
ChatUnavailable."""
IsInside = Callable[[str], bool]
"""Whether a user id is known to be of a full member, no guest. May raise ChatUnavailable."""


class GroupWatch:
    """`look` reads each of `groups` (TEAM_ID/GROUP_ID) and keeps who is in it. Guests, and people
    of whom nothing is known, are never in. While the platform is away what is kept grows old; a
    group that it refuses to tell of is empty."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        groups: Sequence[str],
        ask: AskMembers,
        is_inside: IsInside,
        clock: Clock,
    ) -> None:
        self._units = units
        self._groups = groups
        self._ask = ask
        self._is_inside = is_inside
        self._clock = clock

    def look(self) -> None:
        for group in self._groups:
            try:
                found = self._ask(group.partition("/")[2]) or ()
                users = [user for user in found if self._is_inside(user)]
                self._keep(group, users)
            except (ChatUnavailable, Retryable) as error:
                _log.warning("who is in the user group %s is not known now: %s", group, error)

    def _keep(self, group: str, users: Collection[str]) -> None:
        now = self._clock.now()
        with self._units.begin() as uow:
            keep_members(uow.marks, uow.audit, group, users, by="recall/system", now=now)
