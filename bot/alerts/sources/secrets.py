"""The file of sources' secrets: a TOML table of source name to one secret or a list of them.

    pagerduty = ["the new signing secret", "the one before it"]
    zabbix = "recall:a long password"
    cloudwatch = "arn:aws:sns:eu-west-1:123456789012:alarms"

Several are all believed, so that one can be exchanged without a gap.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from bot.alerts.sources import Source, find_source
from bot.errors import SettingsError

Secrets = Mapping[str, tuple[SecretStr, ...]]
"""Source name to the secrets it may use; what is not named has none."""

_SHORTEST = 8
_MOST = 16


def load_secrets(path: Path | None, sources: Mapping[str, Source]) -> Secrets:
    """The secrets in the file `path`; none without one.

    Raises SettingsError with every mistake, none of which quotes a secret.
    """
    if path is None:
        return {}
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"the secrets file {path} cannot be read: {error}"]) from None
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(")[2].rstrip(")")
        raise SettingsError([f"the secrets file {path} is not TOML ({place})"]) from None
    found: dict[str, tuple[SecretStr, ...]] = {}
    problems: list[str] = []
    for name, value in written.items():
        source = find_source(sources, name)
        given = value if isinstance(value, list) else [value]
        if source is None:
            problems.append(f"{path}: {name!r} is no source; see `recall sources list`")
        elif not all(isinstance(one, str) for one in given) or not 0 < len(given) <= _MOST:
            problems.append(f"{path}: {name} needs one text or a list of 1 to {_MOST} texts")
        elif any(len(one.strip()) < _SHORTEST for one in given):
            problems.append(f"{path}: {name} has a secret shorter than {_SHORTEST} characters")
        elif source.name in found:
            problems.append(f"{path}: {name} stands for {source.name}, which is there already")
        else:
            found[source.name] = tuple(SecretStr(one.strip()) for one in given)
    if problems:
        raise SettingsError(problems)
    return found
