"""What a secret looks like. Each rule is a literal prefilter and a bounded expression.

Every expression begins with a literal or stands behind a fixed look-behind, and every
repetition is bounded or runs to a character it cannot contain, so that a scan is linear.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

_TOKEN_LENGTH = 20
"""Shortest text before an @ in an address that is taken for a token and not for a name."""

_Replace = Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """`literals` are lower-case; a text that has none of them is not searched at all, nor one
    where `after`, if given, follows none of them."""

    name: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    replace: _Replace
    after: re.Pattern[str] | None = None


def mark(name: str) -> str:
    """What stands in the place of a secret."""
    return f"[redacted {name}]"


def _whole(name: str) -> _Replace:
    return lambda _: mark(name)


def _after_first_group(name: str) -> _Replace:
    return lambda match: f"{match[1]}{mark(name)}"


def _bearer(match: re.Match[str]) -> str:
    """`Bearer abc123...` is a token, `bearer authentication` is prose."""
    value = match[2]
    return f"{match[1]}{mark('token')}" if _looks_random(value) else match[0]


def _assigned(match: re.Match[str]) -> str:
    """Redact `password=...` always, and weaker names only if the value looks like a secret."""
    key, separator, value = match[1].lower(), match[2], match[3]
    bare = value.strip("\"'")
    if bare.startswith("[redacted"):
        return match[0]
    named = "pass" in key or key == "pwd" or ("secret" in key and "=" in separator)
    if not named and (bare.lower().startswith("0x") or not _looks_random(bare)):
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match[1]}{separator}{quote}{mark('secret')}{quote}"


def _cookie(match: re.Match[str]) -> str:
    value = match[2]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match[1]}{quote}{mark('cookie')}{quote}"


def _userinfo(match: re.Match[str]) -> str:
    """`user:password@`, or a token alone; a mere name before the @ is an address."""
    found = match[2]
    if ":" not in found and not (len(found) >= _TOKEN_LENGTH and _looks_random(found)):
        return match[0]
    return f"{match[1]}{mark('userinfo')}"


def _looks_random(value: str) -> bool:
    return len(value) >= 8 and any(character.isdigit() for character in value)


def _rule(
    name: str,
    literals: str,
    pattern: str,
    replace: _Replace | None = None,
    after: str | None = None,
) -> Rule:
    return Rule(
        name,
        tuple(literals.split()),
        re.compile(pattern),
        replace or _whole(name),
        None if after is None else re.compile(after),
    )


_NAMES_OF_VALUES = (
    r"pass(?:word|wd|phrase)|pwd|(?:client[_-]?|app[_-]?|signing[_-]?|shared[_-]?)?secret"
    r"(?:[_-]?access)?(?:[_-]?key)?|(?:access|auth|refresh|api|bearer|session|csrf|id)?[_-]?token"
    r"|(?:api|access|private|encryption|signing|account|auth|service)[_-]?key(?:[_-]?id)?"
    r"|credentials?|session[_-]?id|sessid|connection[_-]?string"
)

BLOCK_RULES: tuple[Rule, ...] = (
    _rule(
        "private key",
        "-----begin",
        r"(?i)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
)
"""Rules for secrets of several lines; they see the whole text."""

LINE_RULES: tuple[Rule, ...] = (
    _rule(
        "cookie",
        "cookie",
        r"(?i)\b((?:set-)?cookie2?[\"']?\s{0,4}:\s{0,4})"
        r"(\"[^\"\r\n]{1,4096}\"|'[^'\r\n]{1,4096}'|[^\r\n'\"][^\r\n']{0,4096})",
        _cookie,
    ),
    _rule(
        "authorization",
        "authorization",
        r"(?i)\b((?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
        r"(?:(?:bearer|basic|token|digest|apikey|negotiate|aws4-hmac-sha256)\s{1,4})?)"
        r"(?!(?:bearer|basic|token|digest)\b|\[redacted |\$)[^\s\"',;]{6,4096}",
        _after_first_group("authorization"),
    ),
    _rule(
        "bearer",
        "bearer",
        r"(?i)\b(bearer\s{1,4})([A-Za-z0-9._~+/=-]{8,4096})",
        _bearer,
    ),
    _rule("token", "eyj", r"(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]{0,4096})?"),
    _rule(
        "AWS key id",
        "akia asia agpa aida aroa",
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    _rule(
        "GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})",
    ),
    _rule("Recall token", "recall_pat_", r"(?<!\w)recall_pat_[\w-]{20,255}"),
    _rule("GitLab token", "glpat-", r"(?<![\w-])glpat-[\w-]{20,255}"),
    _rule(
        "Slack token",
        "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp- xoxe.",
        r"(?<![\w-])(?:xox[abeoprs][-.]|xapp-)[A-Za-z0-9.-]{8,512}",
    ),
    _rule(
        "Slack webhook",
        "hooks.slack.com",
        r"(?i)(hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]{8,256}",
        _after_first_group("path"),
    ),
    _rule("Google key", "aiza", r"(?<![\w-])AIza[\w-]{35}"),
    _rule(
        "payment key",
        "sk_live_ rk_live_ sk_test_ rk_test_",
        r"(?<!\w)[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}",
    ),
    _rule(
        "userinfo",
        "://",
        r"(://)([^\s/\"'<>?#]{1,512})(?=@)",
        _userinfo,
    ),
    _rule(
        "secret",
        "pass pwd secret token key credential session sessid connection",
        rf"(?i)({_NAMES_OF_VALUES})([\"']?\s{{0,4}}(?:=>|:=|=|:)\s{{0,4}})"
        r"(\"[^\"\r\n]{3,512}\"|'[^'\r\n]{3,512}'|[^\s,;&\"'<>(){}\[\]]{3,512}+(?!\())",
        _assigned,
        after=r"[A-Za-z_-]{0,20}[\"']?\s{0,4}[:=]",
    ),
)
"""Rules for secrets within one line."""

SECRET_LABEL = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)|(?:^|[_.-])pwd|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|client[_-]?secret|credentials?|authorization|cookie|session[_-]?id)$"
)
"""A label whose whole value is a secret by its name. `secret` alone names a Kubernetes object."""
