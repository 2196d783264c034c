"""Sealed secrets of a source as they are kept, and where they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.errors import DataError

SHORTEST, LONGEST = 8, 4_096
MOST = 16
"""Characters of a secret, and secrets of one source: as in the secrets file."""


class BadSecret(DataError):
    """A secret that cannot be kept; the words never quote it."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """`sign` tells secrets apart, for people: eight hex digits that nothing can be guessed from
    without the key. `sealed` is what only the key opens."""

    sign: str
    sealed: str


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    """The secrets of one source, the newest first, with who changed them last and when. None left
    means that they were taken away."""

    source: str
    secrets: tuple[SealedSecret, ...]
    changed_by: str
    changed_at: datetime


class SecretRepository(Protocol):
    """Sealed secrets by source."""

    def of(self, source: str) -> KeptSecrets | None:
        """In a unit that may write it is locked until the unit ends."""
        ...

    def claim(self, source: str, actor: str, now: datetime) -> KeptSecrets:
        """The same, made empty where there was nothing, so that two who write at once wait for
        each other."""
        ...

    def everything(self) -> Mapping[str, KeptSecrets]: ...

    def put(self, kept: KeptSecrets) -> None: ...
