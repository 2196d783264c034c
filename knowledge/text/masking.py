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

_SIGNS = (
    ("keep_placeholder", "<(?:" + "|".join(sorted(PLACEHOLDERS)) + ")>"),
    ("ip_v6_short", rf"(?<![A-Za-z0-9>])::(?:{_HEX}{{1,4}}:){{0,6}}{_HEX}{{1,4}}{_END}(?!:)"),
)
"""Rules that begin with punctuation: a placeholder before it counts as the word it was."""

_DIGIT = r"(?=\d)"
_DATE = r"(?=[SMTWFJAOND])"
_JOINED = r"(?=[A-Za-z]++[^A-Za-z\s,;)])"
_CODE = r"(?=[ceshrCESHR])"
_NUMBERED = r"(?=[A-Za-z]++\d)"
"""What any text that a rule takes must look like from its first character on. Most words are
plain ones, and these tell it before a rule is tried."""

_RULES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "time_iso",
        (_DIGIT,),
        r"\d{4}[-/]\d{2}[-/]\d{2}"
        rf"(?:(?:[T_]| {{1,2}})\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d{{1,9}})?)?{_ZONE})?{_END}",
    ),
    ("time_short", (_DIGIT,), rf"\d{{2}}/\d{{2}}/\d{{2,4}} {_CLOCK}{_END}"),
    (
        "time_access_log",
        (_DIGIT,),
        rf"\d{{1,2}}/{_MONTH}/\d{{4}}:{_CLOCK}(?: [+-]\d{{4}})?{_END}",
    ),
    (
        "time_http",
        (_DIGIT, _DATE),
        rf"(?:{_DAY},? )?\d{{1,2}} {_MONTH} \d{{4}}(?: {_CLOCK}{_ZONE})?{_END}",
    ),
    (
        "time_syslog",
        (_DATE,),
        rf"(?:{_DAY} )?{_MONTH} {{1,2}}\d{{1,2}}(?: \d{{4}})? {_CLOCK}(?: \d{{4}})?{_END}",
    ),
    ("time_klog", (_JOINED,), rf"[IWEF]\d{{4}} {_CLOCK}(?: {{1,8}}\d{{1,7}}(?= ))?{_END}"),
    ("time_compact", (_DIGIT,), rf"(?:19|20)\d{{6}}T\d{{6}}Z?{_END}"),
    ("uuid", (_DIGIT, _JOINED), rf"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}{_END}"),
    (
        "mac",
        (_DIGIT, _JOINED),
        rf"{_HEX}{{2}}(?:(?::{_HEX}{{2}}){{5}}|(?:-{_HEX}{{2}}){{5}}){_END}",
    ),
    ("time_clock", (_DIGIT,), rf"{_CLOCK}{_ZONE}{_END}(?!:)"),
    (
        "email",
        (_DIGIT, _JOINED),
        r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62})@[A-Za-z0-9-]{1,63}"
        rf"(?:\.[A-Za-z0-9-]{{1,63}}){{1,5}}{_END}",
    ),
    (
        "ip_v4",
        (_DIGIT,),
        rf"\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?:/\d{{1,2}})?(?::\d{{1,5}})?{_END}(?!\.\d)",
    ),
    (
        "ip_v6",
        (_DIGIT, _JOINED),
        rf"(?=[A-Fa-f:]{{0,40}}\d)(?:(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}"
        rf"|(?:{_HEX}{{1,4}}:){{1,6}}(?::{_HEX}{{1,4}}){{1,6}}|(?:{_HEX}{{1,4}}:){{1,7}}:)"
        rf"(?:/\d{{1,3}})?{_END}(?![:<])",
    ),
    ("hex_digest", (_JOINED,), rf"sha(?:1|256|512):{_HEX}{{7,128}}{_END}"),
    ("keep_hresult", (_DIGIT,), rf"0x[89cC]00{_HEX}{{5}}{_END}"),
    ("hex_prefixed", (_DIGIT,), rf"0x{_HEX}{{1,64}}{_END}"),
    (
        "keep_error_code",
        (_JOINED,),
        rf"(?:CVE-\d{{4}}-\d{{4,7}}|[A-Z]{{2,6}}-\d{{3,7}}|[A-Z]\d{{3,5}}){_END}",
    ),
    (
        "keep_code",
        (_CODE,),
        rf"(?i:{_CODE_WORD})\b[\s:=#\"'(\[-]{{0,3}}\d{{1,6}}{_END}(?![.,]\d|:\d|\s?%)"
        rf"(?!\s?(?:ns|us|ms|s|sec|seconds?|min|minutes?|h|hours?|MB|GB|KB|bytes?){_END})",
    ),
    (
        "pod",
        (_DIGIT, _NUMBERED),
        rf"(?<=[A-Za-z0-9]-)(?:(?=[a-z]{{0,10}}\d){_POD_LETTER}{{6,10}}-{_POD_LETTER}{{5}}"
        rf"|(?=[a-z]{{1,4}}\d|\d{{1,4}}[a-z]){_POD_LETTER}{{5}}){_END}(?!-)",
    ),
    ("dur", (_DIGIT,), rf"(?:\d{{1,12}}(?:\.\d{{1,9}})?{_UNIT_OF_TIME}){{1,6}}{_END}"),
    ("size", (_DIGIT,), rf"\d{{1,15}}(?:[.,]\d{{1,9}})?{_UNIT_OF_SIZE}{_END}"),
    ("pct", (_DIGIT,), rf"\d{{1,9}}(?:[.,]\d{{1,9}})?\s?(?:%|percent{_END})"),
    (
        "hex",
        (_DIGIT, _NUMBERED),
        r"(?=[a-fA-F]{0,64}\d)(?=\d{0,64}[a-fA-F])"
        rf"(?:[0-9a-f]{{7,64}}|[0-9A-F]{{8,64}}){_END}",
    ),
    (
        "id",
        (_DIGIT, _NUMBERED),
        r"(?=(?:[A-Za-z]{0,20}\d){4})(?=\d{0,20}[A-Za-z]{1,20}\d{1,20}[A-Za-z])"
        rf"[A-Za-z0-9]{{12,128}}{_END}",
    ),
    ("ver", (_DIGIT, _NUMBERED), rf"v?\d{{1,9}}(?:\.\d{{1,9}}){{2,6}}{_END}(?!\.\d)"),
    (
        "time_epoch",
        (_DIGIT,),
        rf"(?<![_-])1[4-9]\d{{8}}(?:\d{{3}}|\d{{6}}|\d{{9}}|\.\d{{1,9}})?{_END}(?![.,]\d)",
    ),
    ("keep_status", (_DIGIT,), _STATUS),
    ("num", (_DIGIT,), rf"\d++(?:,\d{{3}}(?!\d)){{0,6}}(?:\.\d++{_END})?+{_END}"),
)
"""Name, what its text can begin with, and the rule from a word's start on. The first that fits
is taken."""


def _expression() -> str:
    """One expression out of all rules: signs, then by what a word begins with.

    Neighbours in the order of the rules that ask for the same beginning share one look at it.
    A group's name is the rule's with a number, for a rule may stand in both halves.
    """
    begun: list[str] = []
    for is_digit in (True, False):
        groups: list[tuple[str, list[str]]] = []
        for name, starts, rule in _RULES:
            for start in starts:
                if (start == _DIGIT) != is_digit:
                    continue
                if not groups or groups[-1][0] != start:
                    groups.append((start, []))
                groups[-1][1].append(f"(?P<{name}_{int(is_digit)}>{rule})")
        begun += [f"{start}(?:{'|'.join(rules)})" for start, rules in groups]
    signs = (f"(?P<{name}>{rule})" for name, rule in _SIGNS)
    return "|".join((*signs, f"{_START}(?:{'|'.join(begun)})"))


_PATTERN = re.compile(_expression())
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
