"""AlertFamily: all instances of one alert rule on one service in one environment."""

import re
from dataclasses import dataclass

from bot.alerts.fingerprint import digest

FAMILY_VERSION = 1

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_VOLATILE = re.compile(r"^(?:\d+|(?=[a-f]*\d)[a-f0-9]{6,})$")


@dataclass(frozen=True, slots=True)
class AlertFamily:
    """`name` is normalised: lower-case words joined by "-", without numbers and ids.

    Whatever tool reports it and whichever pod or host it is about, the family is the same.
    """

    name: str
    service: str | None
    environment: str | None

    @property
    def key(self) -> str:
        """A typed, versioned name for tables and counters."""
        parts = (self.name, self.service or "", self.environment or "")
        return f"family:{FAMILY_VERSION}:{digest(*parts)}"


def family_of(name: str, service: str | None, environment: str | None) -> AlertFamily:
    """The family of an alert called `name`, for what its labels resolved to."""
    return AlertFamily(normalised_name(name), service, environment)


def normalised_name(name: str) -> str:
    """`HighErrorRate`, `high_error_rate` and `High error rate #4711` are `high-error-rate`."""
    words = [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name))]
    stable = [word for word in words if not _VOLATILE.match(word)]
    return "-".join(stable or words) or name.strip().lower()
