"""What alerts are about, whatever words they use: "no running pods" and "ApiDown" are one thing.

An alert's name is two or three words long ("OrdersDbConnectionsHigh"); its text says the same in a
sentence ("more than 90 % of the connections are in use"). The table names the handful of states
that operations has many words for. It is general English of the trade, not taken from any one set.
"""

import re
from collections.abc import Mapping

from knowledge.text.words import pieces_of

MOST_TEXT = 4_000
"""Characters of a text that are looked at: what an alert is about stands at its beginning."""

_STATES: Mapping[str, str] = {
    "down": (
        r"down|offline|dead|gone|lost|missing|absen\w+|unavailab\w+|unreachab\w+|inaccessib\w+"
        r"|disappear\w*|vanish\w*"
        r"|(?:not|no|none|isn t|aren t)(?: longer| currently| been)?"
        r" (?:running|up|available|reachable|accessible|present|detected|discovered)"
    ),
    "failing": (
        r"fail\w*|err|errors?|erroring|broken|crash\w*|unsuccessful\w*|not successful\w*"
        r"|(?:not|never) succe\w+|cannot|could not|unable"
    ),
    "high": (
        r"high\w*|above|over|exceed\w*|excessive\w*|increas\w*|spik\w*|saturat\w*|burst\w*"
        r"|(?:more|greater|larger|higher|longer) than|too (?:many|much|high|large)"
    ),
    "low": (
        r"low|lower|below|under|insufficient\w*|degraded|not enough|too (?:few|low)"
        r"|(?:less|fewer|lower) than"
    ),
    "full": (
        r"full|fill\w*|exhaust\w*|deplet\w*|runn?\w* out|almost out|out of (?:disk )?space"
        r"|(?:space|inodes) left"
    ),
    "slow": (
        r"slow\w*|latenc\w+|durations?|delay\w*|lag\w*|behind|time ?outs?|timed out|too long"
        r"|tak\w+ (?:too )?long"
    ),
    "mismatch": (
        r"mismatch\w*|inconsisten\w*|differ\w*|diverg\w*|drift\w*|skew\w*|conflict\w*|unsync\w*"
        r"|disagree\w*|(?:not|n t) match\w*|out of sync|not (?:been )?synchron\w*|not synced"
    ),
    "unready": r"unready|unhealthy|not ?ready|not (?:become|been|yet) ready|not healthy|no ready",
    "expiring": r"expir\w*|renew\w*|rotat\w*",
    "restarting": r"restart\w*|crash ?loop\w*|crashing|reboot\w*|back ?off",
    "stale": (
        r"stale|out ?dated|out of date|old|not (?:been )?updat\w*"
        r"|(?:not|never)(?: been)? (?:refresh|reload|sync|upload)\w*"
    ),
    "rejected": (
        r"reject\w*|refus\w*|den(?:y|ied|ying)|drop\w*|discard\w*|block\w*|throttl\w*|limit\w*"
    ),
    "stuck": r"stuck|hung|hang\w*|wait\w*|pending|blocked|not progress\w*|no progress",
    "volume": r"persistent ?volumes?|volumes?|pvcs?|pvs?|volume ?claims?",
    "disk": r"disks?|drives?|file ?systems?|raid|inodes?|nvme\w*",
    "memory": r"memory|ram|heap|oom\w*",
    "certificate": r"cert|certs|certificates?|tls|ssl|x509",
}
_AMOUNTS: Mapping[str, str] = {
    "none": r"no|none|zero|down|absent|missing|disappear\w*|offline",
    "some": (
        r"some|few|several|multiple|more than one|partial\w*|low|lower|degraded|insufficient\w*"
        r"|not (?:all|enough)|(?:less|fewer|lower) than"
    ),
}
_AMOUNT_PATTERNS = {name: re.compile(rf"\b(?:{words})\b") for name, words in _AMOUNTS.items()}
_PATTERNS = tuple((f"~{name}", re.compile(rf"\b(?:{words})\b")) for name, words in _STATES.items())
_WORD = re.compile(r"[a-z0-9]+")


def concepts_of(text: str) -> frozenset[str]:
    """The states and things a text is about, as marked words ("~down"); identifiers are taken
    apart first. Words of other languages name none."""
    plain = _plain(text)
    return frozenset(name for name, pattern in _PATTERNS if pattern.search(plain))


def amount_in(text: str) -> str:
    """Whether a text speaks of things of which there are "none" or only "some" left; "" where it
    says neither or both. Alerts come in such pairs: NoReadyApi, LowReadyApiCount."""
    plain = _plain(text)
    found = [name for name, pattern in _AMOUNT_PATTERNS.items() if pattern.search(plain)]
    return found[0] if len(found) == 1 else ""


def _plain(text: str) -> str:
    spoken = " ".join(
        piece for word in text[:MOST_TEXT].split() for piece in (pieces_of(word) or [word])
    )
    return " ".join(_WORD.findall(spoken.lower()))
