"""Which identities are one person."""

from collections.abc import Collection, Iterable

from bot.people.model import Actor


class SamePeople:
    """Groups of actor keys that belong to one human being; everybody else is one by key."""

    def __init__(self, groups: Iterable[Iterable[str]] = ()) -> None:
        self._first: dict[str, str] = {}
        for group in groups:
            keys = list(group)
            # Groups that share a key are one person.
            known = next((self._first[key] for key in keys if key in self._first), keys[0])
            joined = {self._first[key] for key in keys if key in self._first}
            self._first.update(
                {key: known for key, first in self._first.items() if first in joined}
            )
            self._first.update(dict.fromkeys(keys, known))

    def person_of(self, actor: Actor) -> str:
        """A name for the person, the same for all of the identities."""
        return self.person_of_key(actor.key)

    def person_of_key(self, key: str) -> str:
        return self._first.get(key, key)

    def key_in(self, team_id: str, key: str) -> str | None:
        """The identity of that person in a team, None where none is known."""
        if key.startswith(f"{team_id}/"):
            return key
        person = self._first.get(key)
        mine = (other for other, first in self._first.items() if first == person)
        return next((other for other in mine if other.startswith(f"{team_id}/")), None)

    def is_linked(self, key: str, but: Collection[str]) -> bool:
        """Whether that person has an identity in a team that is none of `but`."""
        person = self._first.get(key)
        mine = (other for other, first in self._first.items() if first == person)
        return person is not None and any(other.partition("/")[0] not in but for other in mine)
