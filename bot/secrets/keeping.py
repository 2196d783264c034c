"""Writing sources' secrets: by administrators alone, audited, never read out again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts.sources import Source, find_source
from bot.clock import Clock
from bot.errors import NotAllowed
from bot.people.model import Role
from bot.secrets.model import LONGEST, MOST, SHORTEST, BadSecret, KeptSecrets, SealedSecret
from bot.secrets.sealing import Sealing
from bot.uow import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be told of the secrets of a source: `title` of the tool, `from_file` how many the
    environment's file has (which then go first), the `signs` of those written here, and the last
    change."""

    source: str
    title: str
    from_file: int
    signs: tuple[str, ...]
    changed_by: str
    changed_at: datetime | None


class SecretKeeping:
    """`from_file` is how many secrets the file of the settings has, by source name; `changed` is
    called after each change."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        sources: Mapping[str, Source],
        sealing: Sealing,
        from_file: Mapping[str, int],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._units = units
        self._clock = clock
        self._sources = sources
        self._sealing = sealing
        self._from_file = from_file
        self._changed = changed

    def shown(self) -> list[Shown]:
        """By title, the sources that have secrets or had some."""
        with self._units.read() as uow:
            kept = uow.secrets.everything()
        names = {*kept, *self._from_file}
        return sorted((self._shown(name, kept.get(name)) for name in names), key=_by_title)

    def choices(self) -> list[tuple[str, str]]:
        """(name, title) of every source that may have secrets, by title. Where the file has some
        it wins, so that there is nothing to write."""
        found = {source.name: source.title or source.name for source in self._sources.values()}
        return sorted(
            ((name, title) for name, title in found.items() if name not in self._from_file),
            key=lambda one: one[1].lower(),
        )

    def add(self, actor: str, role: Role, source: str, secret: str) -> str:
        """Keep one more secret of a source; the sign by which it is known. What was there stays,
        until it is taken away. Raises NotAllowed, BadSecret, and what `Sealing` does."""
        name = self._allowed(role, source)
        text = secret.strip()
        if not SHORTEST <= len(text) <= LONGEST:
            raise BadSecret(f"a secret has {SHORTEST} to {LONGEST} characters")
        if not text.isprintable():
            raise BadSecret("a secret is one line of characters that can be seen")
        if name in self._from_file:
            raise BadSecret(f"the secrets of {name} are set by the environment, which wins")
        sealer = self._sealing()
        sign = sealer.sign(text)
        with self._units.begin() as uow:
            now = self._clock.now()
            known = uow.secrets.claim(name, actor, now).secrets
            if any(one.sign == sign for one in known):
                raise BadSecret("this very secret is kept already")
            if len(known) >= MOST:
                raise BadSecret(f"{name} has {MOST} secrets; take one away first")
            # The others are sealed anew: so an old key is of no use any more after a while.
            others = (
                SealedSecret(one.sign, sealer.seal(name, sealer.open(name, one.sealed)))
                for one in known
            )
            new = SealedSecret(sign, sealer.seal(name, text))
            uow.secrets.put(KeptSecrets(name, (new, *others), actor, now))
            uow.audit.append(
                at=now,
                actor=actor,
                action="source_secret.added",
                subject=name,
                data={"sign": sign},
            )
        self._changed()
        return sign

    def remove(self, actor: str, role: Role, source: str, sign: str) -> None:
        """Believe a secret no more. Raises NotAllowed; BadSecret where it is gone already."""
        name = self._allowed(role, source)
        with self._units.begin() as uow:
            kept = uow.secrets.of(name)
            left = tuple(one for one in kept.secrets if one.sign != sign) if kept else ()
            if kept is None or len(left) == len(kept.secrets):
                raise BadSecret("that secret is gone already")
            now = self._clock.now()
            uow.secrets.put(replace(kept, secrets=left, changed_by=actor, changed_at=now))
            uow.audit.append(
                at=now,
                actor=actor,
                action="source_secret.removed",
                subject=name,
                data={"sign": sign},
            )
        self._changed()

    def seal_anew(self, actor: str, role: Role) -> int:
        """Seal every secret with the newest key, so that older ones can be let go; how many.
        Raises NotAllowed, and NotOpened where a key is missing, having changed nothing."""
        _require_admin(role)
        sealer = self._sealing()
        with self._units.begin() as uow:
            count = 0
            for name, kept in uow.secrets.everything().items():
                anew = tuple(
                    SealedSecret(one.sign, sealer.seal(name, sealer.open(name, one.sealed)))
                    for one in kept.secrets
                )
                uow.secrets.put(replace(kept, secrets=anew))
                count += len(anew)
            if count:
                uow.audit.append(
                    at=self._clock.now(),
                    actor=actor,
                    action="source_secret.sealed_anew",
                    subject="all",
                    data={"secrets": count},
                )
        return count

    def _allowed(self, role: Role, source: str) -> str:
        _require_admin(role)
        found = find_source(self._sources, source)
        if found is None:
            raise BadSecret("there is no such source; see `recall sources list`")
        return found.name

    def _shown(self, name: str, kept: KeptSecrets | None) -> Shown:
        source = self._sources.get(name)
        return Shown(
            source=name,
            title=(source.title or name) if source is not None else name,
            from_file=self._from_file.get(name, 0),
            signs=tuple(one.sign for one in kept.secrets) if kept is not None else (),
            changed_by=kept.changed_by if kept is not None else "",
            changed_at=kept.changed_at if kept is not None else None,
        )


def _require_admin(role: Role) -> None:
    if not role.includes(Role.ADMIN):
        raise NotAllowed("Secrets are written by an administrator.")


def _by_title(one: Shown) -> str:
    return one.title.lower()
