"""Service, and what an alert's labels resolve to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of the team. `tier` 1 is the most important; None where nobody said."""

    name: str
    tier: int | None = None
    owner: str = ""
    aliases: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What an alert is about. `environment` includes the cluster where there is one
    ("prod/eu-1"); `via` names the label that told the service, for people who ask why."""

    service: str | None = None
    environment: str | None = None
    cluster: str | None = None
    via: str = ""
