"""The team's own patterns: a YAML or TOML file, read and checked before anything runs.

    rules:
      - name: shop session
        regex: 'shop_[a-f0-9]{32}'
        keywords: [shop_]

Python's regular expressions can take for ever on a line made for it. So a repetition without an
end gets one, a repetition inside a repetition is refused, and each pattern is tried on lines
made to slow it down.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from bot.errors import SettingsError
from bot.redact.rules import mark
from bot.redact.scanned import WINDOW, ScannedRule

LONGEST_REGEX = 500
MOST_RULES = 200
MOST_REPEATED = 128
"""Times that a part is repeated at most where the pattern names no end."""

MOST_WIDE = 2
"""Repetitions of more than `_NARROW` times in one pattern: each multiplies the time."""

SLOWEST_SECONDS = 0.25
_NARROW = 32
_SHORTEST_KEYWORD = 2
_FIELDS = {"name", "regex", "keywords", "group"}
_NAME = re.compile(r"[\w .:/-]{1,60}", re.ASCII)
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")


def load_team_rules(path: Path) -> tuple[ScannedRule, ...]:
    """The rules in a file of the team's.

    Raises SettingsError with a sentence for every mistake, each naming the file and the field.
    """
    loaded = _read(path)
    rules = loaded.get("rules")
    unknown = sorted(map(str, set(loaded) - {"rules"}))
    problems = [f"{path}: {name!r} is not a field; only `rules` is" for name in unknown]
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        raise SettingsError(
            [*problems, f"{path}: `rules` must be a list of at most {MOST_RULES} rules"]
        )
    made: list[ScannedRule] = []
    for place, rule in enumerate(rules):
        where = f"{path}: rules[{place}]"
        if not isinstance(rule, dict):
            problems.append(f"{where} must have the fields name, regex and keywords")
            continue
        wrong = list(_problems(rule))
        problems += [f"{where}.{problem}" for problem in wrong]
        if not wrong:
            made.append(_rule(rule))
    if problems:
        raise SettingsError(problems)
    return tuple(made)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        loaded = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except FileNotFoundError:
        raise SettingsError([f"the file of redaction rules {path} does not exist"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        problem = f"the file of redaction rules {path} cannot be read: {error}"
        raise SettingsError([problem]) from None
    if not isinstance(loaded, dict):
        raise SettingsError([f"{path}: write `rules:` and a list of rules under it"])
    return loaded


def _problems(rule: Mapping[str, Any]) -> Iterator[str]:
    for field in sorted(map(str, set(rule) - _FIELDS)):
        yield f"{field}: is not a field; the fields are {', '.join(sorted(_FIELDS))}"
    if not isinstance(rule.get("name"), str) or not _NAME.fullmatch(rule["name"]):
        yield "name: must be 1 to 60 letters, digits, spaces or any of . : / _ -"
    keywords = rule.get("keywords")
    if (
        not isinstance(keywords, list)
        or not keywords
        or not all(
            isinstance(word, str) and len(word) >= _SHORTEST_KEYWORD and "\n" not in word
            for word in keywords
        )
    ):
        yield (
            "keywords: must be a list of words of at least 2 characters, one of which is in "
            "every line that has such a secret"
        )
    regex = rule.get("regex")
    if not isinstance(regex, str) or not 1 <= len(regex) <= LONGEST_REGEX:
        yield f"regex: must be a regular expression of at most {LONGEST_REGEX} characters"
        return
    try:
        compiled = re.compile(bounded(regex), re.ASCII)
    except (re.error, ValueError, OverflowError, RecursionError) as error:
        yield f"regex: {error}"
        return
    if compiled.match("") is not None:
        yield "regex: matches nothing at all, so it would match everywhere"
    elif compiled.search(mark("x")) is not None:
        yield "regex: matches the mark that stands for a secret"
    elif isinstance(keywords, list) and _slowest(compiled, keywords) > SLOWEST_SECONDS:
        yield "regex: takes too long on a line made to slow it down; repeat less"
    group = rule.get("group", 0)
    if not isinstance(group, int) or isinstance(group, bool) or not 0 <= group <= compiled.groups:
        yield f"group: must be the number of a group, 0 to {compiled.groups}"


def _rule(rule: Mapping[str, Any]) -> ScannedRule:
    return ScannedRule(
        name=rule["name"],
        keywords=tuple(word.lower() for word in rule["keywords"]),
        regex=bounded(rule["regex"]),
        group=rule.get("group", 0),
    )


def bounded(regex: str) -> str:
    """The same expression with an end to every repetition.

    Raises ValueError for one inside another, for back-references, and for more wide ones than
    `MOST_WIDE`.
    """
    out: list[str] = []
    repeats_in_group = [False]
    last_has_repeat = False
    wide = place = 0
    while place < len(regex):
        character = regex[place]
        counted = _COUNT.match(regex, place)
        if character in "*+?" or (counted is not None and counted[0] not in ("{}", "{,}")):
            least, most = _times(character, counted)
            if most > 1 and last_has_repeat:
                raise ValueError("repeats a part that repeats or chooses itself; write it flat")
            wide += most > _NARROW
            if wide > MOST_WIDE:
                raise ValueError(f"has more than {MOST_WIDE} repetitions of over {_NARROW} times")
            out.append("?" if character == "?" else f"{{{least},{most}}}")
            place += len(counted[0]) if counted is not None else 1
            if regex[place : place + 1] in ("?", "+") and regex[place : place + 1]:
                out.append(regex[place])
                place += 1
            repeats_in_group[-1] |= most > 1
            last_has_repeat = most > 1
            continue
        last_has_repeat = False
        if character == "\\":
            if regex[place + 1 : place + 2].isdigit() and regex[place + 1] != "0":
                raise ValueError("refers back to a group")
            out.append(regex[place : place + 2])
            place += 2
            continue
        if character == "[":
            end = _end_of_class(regex, place)
            out.append(regex[place:end])
            place = end
            continue
        if character == "(":
            if regex.startswith(("(?P=", "(?("), place):
                raise ValueError("refers back to a group")
            opening = re.match(r"\((?:\?(?:P<\w+>|<?[=!:]|[aims-]+[:)]|:))?", regex[place:])
            start = opening[0] if opening is not None else "("
            out.append(start)
            place += len(start)
            if not (start.endswith(")") and start != "("):
                repeats_in_group.append(False)
            continue
        if character == ")" and len(repeats_in_group) > 1:
            last_has_repeat = repeats_in_group.pop()
            repeats_in_group[-1] |= last_has_repeat
        elif character == "|":
            repeats_in_group[-1] |= len(repeats_in_group) > 1
        out.append(character)
        place += 1
    return "".join(out)


def _times(character: str, counted: re.Match[str] | None) -> tuple[int, int]:
    if counted is None:
        return (0, 1) if character == "?" else (int(character == "+"), MOST_REPEATED)
    least = int(counted[1] or 0)
    if not counted[2]:
        return least, least
    return least, int(counted[3]) if counted[3] else max(MOST_REPEATED, least)


def _end_of_class(regex: str, place: int) -> int:
    end = place + 1
    end += regex.startswith("^", end)
    first = end
    while end < len(regex) and (regex[end] != "]" or end == first):
        end += 2 if regex[end] == "\\" else 1
    return end + 1


def attacks(keywords: list[str] | tuple[str, ...]) -> Iterator[str]:
    """Lines of one window that are made to slow an expression down."""
    for word in keywords:
        for fill in ("a", "0", " ", "a1", "aA0_-", "=", ".", '"', "ab ", "\\n", ""):
            piece = f"{word}{fill}"
            yield (piece * WINDOW)[:WINDOW]
            yield (word + fill * WINDOW)[: WINDOW - 1] + "!"
            yield (f"{word} = {fill * 40}!" * WINDOW)[:WINDOW]


def _slowest(compiled: re.Pattern[str], keywords: list[Any]) -> float:
    slowest = 0.0
    for line in attacks([str(word) for word in keywords[:10]]):
        started = perf_counter()
        for _ in compiled.finditer(line):
            pass
        slowest = max(slowest, perf_counter() - started)
        if slowest > SLOWEST_SECONDS:
            break
    return slowest
