"""Volatile tokens replaced by typed placeholders, so that two occurrences of one problem match.

Times, ids, addresses and measurements differ between two firings of the same alert; what the
error *is* does not. Status codes and error codes are therefore kept: they are evidence.

How it stays linear and idempotent: one pass of one expression. Every rule starts at a word
boundary, and every repetition is either bounded or possessive, so no text is scanned again and
again. A placeholder is itself the first rule, so a second pass walks over it.
"""

import re

PLACEHOLDERS = frozenset(
    {"time", "uuid", "hex", "ip", "mac", "email", "pod", "id", "dur", "size", "pct", "num"}
    | {"ver", "query"}
)
"""The names that stand between angle brackets in masked text."""

_START = r"(?<![A-Za-z0-9])"
_START_OF_SIGN = r"(?<![A-Za-z0-9>])"
"""For rules that begin with punctuation: a placeholder before it counts as the word it was."""

_END = r"(?![A-Za-z0-9])"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})(?![A-Za-z0-9]))?"
_HEX = r"[0-9a-fA-F]"
_POD_LETTER = "[bcdfghjklmnpqrstvwxz2456789]"
"""Kubernetes makes generated names from these alone (apimachinery, util/rand)."""

_STATUS = (
    r"(?:40[0-689]|41[0-8]|42[1-689]|431|451|499|50[0-8]|51[01]|52[0-7]|529|530)"
    r"(?![A-Za-z0-9]|[.,]\d|\s?%)"
)
"""The registered 4xx and 5xx codes (IANA), nginx's 499 and the 52x and 530 of Cloudflare."""

_CODE_WORD = (
    r"(?:exit(?:ed)?(?: with)?(?: code| status)?|exit[_-]?code|status(?:[_ -]?code)?|http"
    r"|signal|sig|errno|error(?:[_ -]?(?:code|number))?|err|sqlstate|sqlcode|rc|return code|code"
    r"|hresult)"
)
_UNIT_OF_TIME = (
    r"(?:\s?(?:nanoseconds?|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?"
    r"|months?|years?|msecs?|secs?|mins?|hrs?|ns|us|µs|ms)|[smhdwy])"
)
_UNIT_OF_SIZE = (
    r"(?:\s?(?:[KMGTPE]i?B|[kKMGTPE]i?(?:bit|bps|Bps|b|B)|bytes?|B|(?:kilo|mega|giga|tera)bytes?)"
    r"|[KMGTPE]i|[KMGkT])(?:/s|ps)?"
)

_RULES: tuple[tuple[str, str], ...] = (
    ("keep_placeholder", "<(?:" + "|".join(sorted(PLACEHOLDERS)) + ")>"),
    (
        "time_iso",
        rf"{_START}\d{{4}}[-/]\d{{2}}[-/]\d{{2}}"
        rf"(?:(?:[T_]| {{1,2}})\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?{_ZONE})?{_END}",
    ),
    ("time_short", rf"{_START}\d{{2}}/\d{{2}}/\d{{2,4}} {_CLOCK}{_END}"),
    ("time_access_log", rf"{_START}\d{{1,2}}/{_MONTH}/\d{{4}}:{_CLOCK}(?: [+-]\d{{4}})?{_END}"),
    (
        "time_http",
        rf"{_START}(?:{_DAY},? )?\d{{1,2}} {_MONTH} \d{{4}}(?: {_CLOCK}{_ZONE})?{_END}",
    ),
    (
        "time_syslog",
        rf"{_START}(?:{_DAY} )?{_MONTH} {{1,2}}\d{{1,2}}(?: \d{{4}})? {_CLOCK}(?: \d{{4}})?{_END}",
    ),
    ("time_klog", rf"{_START}[IWEF]\d{{4}} {_CLOCK}(?: {{1,8}}\d{{1,7}}(?= ))?{_END}"),
    ("time_compact", rf"{_START}(?:19|20)\d{{6}}T\d{{6}}Z?{_END}"),
    ("uuid", rf"{_START}{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}{_END}"),
    ("mac", rf"{_START}{_HEX}{{2}}(?:(?::{_HEX}{{2}}){{5}}|(?:-{_HEX}{{2}}){{5}}){_END}"),
    ("time_clock", rf"{_START}{_CLOCK}{_ZONE}{_END}(?!:)"),
    (
        "email",
        rf"{_START}[A-Za-z0-9](?:[A-Za-z0-9._+-]{{0,62}})@[A-Za-z0-9-]{{1,63}}"
        rf"(?:\.[A-Za-z0-9-]{{1,63}}){{1,5}}{_END}",
    ),
    (
        "ip_v4",
        rf"{_START}\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?:/\d{{1,2}})?(?::\d{{1,5}})?{_END}(?!\.\d)",
    ),
    (
        "ip_v6",
        rf"{_START}(?=[A-Fa-f:]{{0,40}}\d)(?:(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}"
        rf"|(?:{_HEX}{{1,4}}:){{1,6}}(?::{_HEX}{{1,4}}){{1,6}}|(?:{_HEX}{{1,4}}:){{1,7}}:)"
        rf"(?:/\d{{1,3}})?{_END}(?![:<])",
    ),
    ("ip_v6_short", rf"{_START_OF_SIGN}::(?:{_HEX}{{1,4}}:){{0,6}}{_HEX}{{1,4}}{_END}(?!:)"),
    ("hex_digest", rf"{_START}sha(?:1|256|512):{_HEX}{{7,128}}{_END}"),
    ("keep_hresult", rf"{_START}0x[89cC]00{_HEX}{{5}}{_END}"),
    ("hex_prefixed", rf"{_START}0x{_HEX}{{1,64}}{_END}"),
    (
        "keep_error_code",
        rf"{_START}(?:CVE-\d{{4}}-\d{{4,7}}|[A-Z]{{2,6}}-\d{{3,7}}|[A-Z]\d{{3,5}}){_END}",
    ),
    (
        "keep_code",
        rf"{_START}(?i:{_CODE_WORD})\b[\s:=#\"'(\[-]{{0,3}}\d{{1,6}}{_END}(?![.,]\d|:\d|\s?%)"
        rf"(?!\s?(?:ns|us|ms|s|sec|seconds?|min|minutes?|h|hours?|MB|GB|KB|bytes?){_END})",
    ),
    (
        "pod",
        rf"(?<=[A-Za-z0-9]-)(?:(?=[a-z]{{0,10}}\d){_POD_LETTER}{{6,10}}-{_POD_LETTER}{{5}}"
        rf"|(?=[a-z]{{1,4}}\d|\d{{1,4}}[a-z]){_POD_LETTER}{{5}}){_END}(?!-)",
    ),
    ("dur", rf"{_START}(?:\d{{1,12}}(?:\.\d{{1,9}})?{_UNIT_OF_TIME}){{1,6}}{_END}"),
    ("size", rf"{_START}\d{{1,15}}(?:[.,]\d{{1,9}})?{_UNIT_OF_SIZE}{_END}"),
    ("pct", rf"{_START}\d{{1,9}}(?:[.,]\d{{1,9}})?\s?(?:%|percent{_END})"),
    (
        "hex",
        rf"{_START}(?=[a-fA-F]{{0,64}}\d)(?=\d{{0,64}}[a-fA-F])(?:[0-9a-f]{{7,64}}|[0-9A-F]{{8,64}}){_END}",
    ),
    (
        "id",
        rf"{_START}(?=(?:[A-Za-z]{{0,20}}\d){{4}})(?=\d{{0,20}}[A-Za-z]{{1,20}}\d{{1,20}}[A-Za-z])"
        rf"[A-Za-z0-9]{{12,128}}{_END}",
    ),
    ("ver", rf"{_START}v?\d{{1,9}}(?:\.\d{{1,9}}){{2,6}}{_END}(?!\.\d)"),
    (
        "time_epoch",
        rf"(?<![A-Za-z0-9_-])1[4-9]\d{{8}}(?:\d{{3}}|\d{{6}}|\d{{9}}|\.\d{{1,9}})?{_END}(?![.,]\d)",
    ),
    ("keep_status", rf"{_START}{_STATUS}"),
    ("num", rf"{_START}\d++(?:,\d{{3}}(?!\d)){{0,6}}(?:\.\d++{_END})?+{_END}"),
)

_PATTERN = re.compile("|".join(f"(?P<{name}>{rule})" for name, rule in _RULES))
PLACEHOLDER = re.compile("<(?:" + "|".join(sorted(PLACEHOLDERS)) + ")>")
"""A placeholder in masked text."""

_URL = re.compile(r"(https?://[^\s<>\"'?#]*+)([?#][^\s<>\"']++)?+")


def _without_query(match: re.Match[str]) -> str:
    return match[1] + "?<query>" if match[2] else match[1]


def _placeholder(match: re.Match[str]) -> str:
    rule = match.lastgroup or ""
    kind = rule.partition("_")[0]
    return match.group() if kind == "keep" else f"<{kind}>"


def mask(text: str) -> str:
    """`text` with every volatile token replaced by a typed placeholder such as `<num>`.

    Status codes (404, 503), error codes (ORA-00060, E1234) and numbers that a word such as
    "exit code", "signal" or "errno" introduces are kept. Takes time linear in the length of
    the text, never raises, gives at most six characters for one, and
    `mask(mask(text)) == mask(text)`.
    """
    return _PATTERN.sub(_placeholder, _URL.sub(_without_query, text))
