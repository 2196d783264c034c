"""What words, signs and colours in a post say of an alert: whether it fires, and how bad. Pure."""

import re

from bot.alerts.model import AlertStatus, Severity
from bot.alerts.reading import severity_of

_FIRING = AlertStatus.FIRING
_RESOLVED = AlertStatus.RESOLVED

_FIRING_STATES = frozenset(
    (
        *("firing", "triggered", "retriggered", "re-triggered", "alerting", "alert", "problem"),
        *("critical", "warning", "warn", "error", "down", "failing", "failed", "unhealthy"),
        *("degraded", "open", "opened", "active", "new", "nodata", "acknowledged", "escalated"),
        *("ongoing", "investigating", "unresolved", "high", "regression"),
    )
)
_RESOLVED_STATES = frozenset(
    (
        *("resolved", "recovered", "recovery", "closed", "ok", "cleared", "up", "healthy"),
        *("normal", "solved", "fixed", "resolve", "inactive"),
    )
)
"""What a tool writes in brackets before a title, or in a field called status."""

_SAID_RESOLVED = frozenset(("resolved", "recovered", "recovery", "closed", "cleared", "solved"))
_SAID_FIRING = frozenset(
    (
        *("firing", "triggered", "retriggered", "re-triggered", "alerting", "alert", "problem"),
        *("incident", "critical", "warning", "warn", "down", "unhealthy", "degraded"),
        *("acknowledged", "escalated", "unresolved"),
    )
)
"""What counts in running text. `up`, `ok` and `new` say too little there."""
_FIRST_WORDS = 7

_FIRING_SIGNS = (
    *(":fire:", "🔥", ":rotating_light:", "🚨", ":red_circle:", "🔴", ":bangbang:", "‼"),
    *(":x:", "❌", ":warning:", "⚠", ":large_orange_circle:", "🟠", ":boom:", "💥"),
    *(":large_yellow_circle:", "🟡", ":small_red_triangle:", "🔺", ":exclamation:", "❗"),
)
_RESOLVED_SIGNS = (
    *(":white_check_mark:", "✅", ":heavy_check_mark:", "✔", ":large_green_circle:", "🟢"),
    *(":green_heart:", "💚", ":tada:", "🎉", ":ok:", "🆗", ":thumbsup:"),
)
_SIGNS = {
    **dict.fromkeys(_FIRING_SIGNS, _FIRING),
    **dict.fromkeys(_RESOLVED_SIGNS, _RESOLVED),
}
_CRITICAL_SIGNS = (":rotating_light:", "🚨", ":bangbang:", "‼")
_WARNING_SIGNS = (":warning:", "⚠", ":large_orange_circle:", "🟠", ":large_yellow_circle:", "🟡")

_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)))
_ANY_SIGN = re.compile(r":[a-z0-9_+\-]{2,40}:|[\u2600-\u27bf\ufe0f\u203c\U0001f300-\U0001faff]")
_BRACKET = re.compile(
    r"^\s*[\[(]\s*([A-Za-z][A-Za-z -]{1,15}?)\s*(?::\s*(\d{1,6}))?"
    r"(?:\s+on\s+([^\]]{1,200}))?\s*[\])]"
)
_INNER = re.compile(r"[\[(]\s*([A-Za-z][A-Za-z ]{1,15}?)\s*[\])]")
_PRIORITY = re.compile(r"^\s*\[?\s*((?:P|SEV-?)[1-5])\s*\]?(?=[\s:]|$)", re.IGNORECASE)
_NUMBER = re.compile(r"^\s*\[?#\d{1,12}\]?\s*:?\s*")
_LEAD = re.compile(
    r"^\s*(?:new |monitor |incident |alert )?"
    r"(firing|re-?triggered|triggered|alerting|alert|problem|critical|warning|warn|down|up|"
    r"recovered|recovery|resolved|closed|ok|no data|acknowledged|incident)"
    r"(?: (?:on|alert))?\s*(?::|-(?=\s)|(?=#\d))\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z][a-z-]*")
_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})")


def state_word(word: str) -> AlertStatus | None:
    """What a tool's own word for a state means."""
    squashed = word.strip().lower().replace(" ", "")
    if squashed in _RESOLVED_STATES:
        return _RESOLVED
    return _FIRING if squashed in _FIRING_STATES else None


class Headline:
    """A title taken apart. `rest` is what is left of it, the same while it fires and after."""

    __slots__ = ("group", "is_group", "rest", "severity", "status")

    def __init__(self, title: str) -> None:
        self.status: AlertStatus | None = None
        self.severity = Severity.UNKNOWN
        self.group = ""
        self.is_group = False
        """Whether it is the headline of a group, as Alertmanager and Grafana write it."""
        signs = [_SIGNS[sign] for sign in _SIGN.findall(title)]
        self._read_signs(title)
        rest = _ANY_SIGN.sub(" ", title).strip()
        for _ in range(6):
            taken = self._bracket(rest) or self._priority(rest) or self._lead(rest)
            taken = taken or _cut(_NUMBER, rest)
            if not taken or taken == rest:
                break
            rest = taken
        if self.status is None:
            rest = self._inner(rest)
        if self.status is None and signs:
            self.status = signs[0]
        self.rest = " ".join(rest.split())

    def _read_signs(self, title: str) -> None:
        if any(sign in title for sign in _CRITICAL_SIGNS):
            self.severity = Severity.CRITICAL
        elif any(sign in title for sign in _WARNING_SIGNS):
            self.severity = Severity.WARNING

    def _bracket(self, rest: str) -> str:
        match = _BRACKET.match(rest)
        state = state_word(match[1]) if match is not None else None
        worth = severity_of(match[1]) if match is not None else Severity.UNKNOWN
        if match is None or (state is None and worth is Severity.UNKNOWN):
            return ""
        self._take(state or _FIRING, worth)
        self.is_group = self.is_group or match[1].strip().lower() in ("firing", "resolved")
        self.group = match[3] or self.group
        return rest[match.end() :].lstrip(" :-") or rest

    def _inner(self, rest: str) -> str:
        """A state in brackets after the name, as in "[shop] [Down] timeout": what follows is the
        reason of the moment, no part of the name."""
        for match in _INNER.finditer(rest):
            state = state_word(match[1])
            if state is not None and match.start():
                self._take(state, severity_of(match[1]))
                return rest[: match.start()].strip(" []()-:") or rest
        return rest

    def _priority(self, rest: str) -> str:
        match = _PRIORITY.match(rest)
        if match is None:
            return ""
        self.severity = severity_of(match[1].replace("-", ""))
        return rest[match.end() :].lstrip(" :-") or rest

    def _lead(self, rest: str) -> str:
        match = _LEAD.match(rest)
        if match is None:
            return ""
        word = match[1].lower()
        state = _FIRING if word == "incident" else state_word(word)
        if any(one in match[0].lower().split() for one in ("resolved", "closed", "recovered")):
            state = _RESOLVED
        self._take(state, severity_of(word))
        return rest[match.end() :] or rest

    def _take(self, state: AlertStatus | None, severity: Severity) -> None:
        # The first word counts: "[RESOLVED] [critical] ..." is over.
        self.status = self.status or state
        if state is not _RESOLVED and severity is not Severity.UNKNOWN:
            self.severity = severity


def _cut(pattern: re.Pattern[str], rest: str) -> str:
    match = pattern.match(rest)
    return rest[match.end() :] if match is not None else ""


def status_in(line: str) -> AlertStatus | None:
    """What the first words of a line say; that something is over outweighs what it was."""
    words = _WORD.findall(line.lower())[:_FIRST_WORDS]
    if "not" not in words and _SAID_RESOLVED & set(words):
        return _RESOLVED
    return _FIRING if _SAID_FIRING & set(words) else None


def status_of_color(color: str) -> AlertStatus | None:
    """Red, orange and yellow fire, green is over; other colours say nothing."""
    severity, is_good = _color(color)
    if is_good:
        return _RESOLVED
    return _FIRING if severity is not Severity.UNKNOWN else None


def severity_of_color(color: str) -> Severity:
    """How bad a colour is; UNKNOWN for one that says nothing."""
    return _color(color)[0]


def _color(color: str) -> tuple[Severity, bool]:
    named = color.strip().lower()
    if named in ("danger", "warning", "good"):
        worth = {"danger": Severity.HIGH, "warning": Severity.WARNING}.get(named)
        return worth or Severity.UNKNOWN, named == "good"
    match = _HEX.fullmatch(named)
    if match is None:
        return Severity.UNKNOWN, False
    code = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
    red, green, blue = (int(code[place : place + 2], 16) for place in (0, 2, 4))
    if green > red * 1.3 and green > blue * 1.15:
        return Severity.UNKNOWN, True
    if red < 120 or blue > red * 0.75:
        return Severity.UNKNOWN, False
    return (Severity.HIGH if green < red * 0.5 else Severity.WARNING), False
