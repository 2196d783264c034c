"""Regular expressions in Go's RE2 syntax, said in Python's.

Python's engine backtracks and RE2 does not, so two things are changed on purpose: what stands
before a keyword only to be shown with it is dropped (only the secret is wanted), and a dot
without a bound gets one.
"""

import re

DOTS = 200
"""Most characters that an unbounded dot of a rule takes up."""

_LEAD = r"[\w.-]{0,50}?"
_FLAGS = re.compile(r"\(\?([a-zA-Z-]+)\)")
_OPEN = re.compile(r"\((?:\?(?:P<\w+>|[a-zA-Z-]*:))?")
_DOT = re.compile(r"\.(?:([*+])|\{(\d+),\})(\??)")
_NAMED = re.compile(r"\[:(\^?\w+):\]")
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9a-fA-F",
}
_UNKNOWN_ESCAPES = frozenset("pPCQEXGKR")


class Unconvertible(ValueError):
    """The expression has something that Python's engine cannot do; says what."""


def to_python(pattern: str) -> str:
    """The same expression for Python's `re`, to be compiled with `re.ASCII`.

    Raises Unconvertible with what is in the way.
    """
    return _Translation(pattern.replace(_LEAD, "")).made()


class _Translation:
    """One pass from left to right. `scopes` are the flags set half-way in each open group: RE2
    lets `(?i)` hold from where it stands to the end of its group, Python wants a group of it."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._out: list[str] = []
        self._scopes: list[list[str]] = [[]]

    def made(self) -> str:
        place = 0
        while place < len(self._pattern):
            place = self._step(place)
        self._close_scope()
        text = "".join(self._out)
        try:
            re.compile(text, re.ASCII)
        except re.error as error:
            raise Unconvertible(f"Python refuses it: {error}") from error
        return text

    def _step(self, place: int) -> int:
        """Translate what stands at `place`; where the next begins."""
        pattern = self._pattern
        character = pattern[place]
        if character == "\\":
            return self._escape(place)
        if character == "[":
            return self._class(place)
        if (flags := _FLAGS.match(pattern, place)) is not None:
            _check_flags(flags[1])
            self._scopes[-1].append(flags[1])
            self._out.append(f"(?{flags[1]}:")
            return flags.end()
        if (dot := _DOT.match(pattern, place)) is not None:
            least = int(dot[2]) if dot[2] else int(dot[1] == "+")
            self._out.append(f".{{{least},{max(DOTS, least)}}}{dot[3]}")
            return dot.end()
        if character == "(":
            return self._group(place)
        if character == ")":
            self._close_scope()
            self._scopes.pop()
            if not self._scopes:
                raise Unconvertible("a bracket is closed that was never opened")
            self._out.append(")")
        elif character == "|":
            flags_here = self._scopes[-1]
            self._out.append(")" * len(flags_here) + "|")
            self._out += [f"(?{one}:" for one in flags_here]
        else:
            self._out.append(r"\Z" if character == "$" else character)
        return place + 1

    def _group(self, place: int) -> int:
        opened = _OPEN.match(self._pattern, place)
        if opened is None or self._pattern.startswith(("(?=", "(?!", "(?<"), place):
            raise Unconvertible("a kind of group that is not known")
        if opened[0].endswith(":"):
            _check_flags(opened[0][2:-1])
        self._out.append(opened[0])
        self._scopes.append([])
        return opened.end()

    def _close_scope(self) -> None:
        self._out.append(")" * len(self._scopes[-1]))

    def _escape(self, place: int) -> int:
        code = self._pattern[place + 1 : place + 2]
        if code in _UNKNOWN_ESCAPES:
            raise Unconvertible(f"the escape \\{code}")
        self._out.append(r"\Z" if code == "z" else "\\" + code)
        return place + 2

    def _class(self, place: int) -> int:
        """A class as it is; a bracket inside is escaped, which Python asks for."""
        pattern = self._pattern
        end = place + 1
        end += pattern.startswith("^", end)
        first = end
        self._out.append(pattern[place:end])
        while end < len(pattern) and (pattern[end] != "]" or end == first):
            named = _NAMED.match(pattern, end)
            if named is not None:
                self._out.append(_named_class(named[1]))
                end = named.end()
                continue
            step = 2 if pattern[end] == "\\" else 1
            self._out.append("\\[" if pattern[end] == "[" else pattern[end : end + step])
            end += step
        self._out.append("]")
        return end + 1


def _named_class(name: str) -> str:
    if name not in _CLASSES:
        raise Unconvertible(f"the class [:{name}:]")
    return _CLASSES[name]


def _check_flags(flags: str) -> None:
    unknown = set(flags) - set("is-")
    if unknown:
        raise Unconvertible(f"the flag {''.join(sorted(unknown))}")
