"""JMESPath expressions with an end: bounded in length when written, in steps when evaluated.

The language (https://jmespath.org) has no loops and no recursion, but projections over a large
body multiply; so each look at a body has a number of steps, of which long arrays cost more.
Besides the language's own functions there are a few that payloads need, in `_Functions`.
"""

from collections.abc import Mapping
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from jmespath.visitor import Options, TreeInterpreter

from bot.alerts.json_body import parse_json
from bot.alerts.lenient import joined, labels_of, text
from bot.errors import BadPayload

MAX_LENGTH = 1024
"""Longest expression, in characters."""
MAX_STEPS = 400_000
"""Most steps over one body, all its expressions together."""


class BadExpression(ValueError):
    """An expression that cannot be used; says why."""


class Expression:
    """One compiled expression."""

    __slots__ = ("_parsed", "written")

    def __init__(self, written: str) -> None:
        """Raises BadExpression."""
        if len(written) > MAX_LENGTH:
            raise BadExpression(f"it has {len(written)} characters; {MAX_LENGTH} is the most")
        try:
            self._parsed = jmespath.compile(written).parsed
            # A function that does not exist, or with the wrong number of arguments, is only
            # found when it is called: so every function's name and count is looked up here.
            _check(self._parsed)
        except (JMESPathError, ValueError, RecursionError) as error:
            raise BadExpression(" ".join(str(error).split())) from None
        self.written = written

    def find(self, value: object, look: "Look") -> Any:
        """What the expression finds in `value`; None where its functions cannot work on that.

        Raises BadPayload when the body makes it too much work.
        """
        try:
            return look.interpreter.visit(self._parsed, value)
        except (JMESPathError, ValueError, TypeError, OverflowError, AttributeError):
            # A function met a kind of value that it does not take: nothing is found there.
            return None


class Look:
    """One body being looked at: its root, and the steps that are left."""

    def __init__(self, root: object) -> None:
        self.interpreter = _Counting(Options(custom_functions=_Functions(root)))


class _Counting(TreeInterpreter):  # type: ignore[misc]
    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._left = MAX_STEPS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        value = args[0] if args else None
        self._left -= 1 + (len(value) // 8 if isinstance(value, list) else 0)
        if self._left < 0:
            raise BadPayload(
                "$ is too large for this mapping's expressions; send fewer alerts in one body"
            )
        return super().visit(node, *args, **kwargs)


class _Functions(functions.Functions):  # type: ignore[misc]
    """What JMESPath lacks for payloads. Each is linear in its arguments."""

    def __init__(self, root: object = None) -> None:
        self._root = root

    @functions.signature()  # type: ignore[untyped-decorator]
    def _func_root(self) -> object:
        """The whole body, while an expression stands at one entry of it."""
        return self._root

    @functions.signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_lower(self, value: str) -> str:
        return value.lower()

    @functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_before(self, value: str, mark: str) -> str:
        """What stands before the first `mark`; all where there is none."""
        return value.partition(mark)[0].strip() if mark else value

    @functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_after(self, value: str, mark: str) -> str | None:
        """What stands after the first `mark`; null where there is none."""
        _, found, rest = value.partition(mark or "\0")
        return rest.strip() if found else None

    @functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_split(self, value: str, mark: str) -> list[str]:
        return [part.strip() for part in value.split(mark or ",", 1000)]

    @functions.signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_from_json(self, value: str) -> object:
        """The value of a JSON text inside the body; null where it is none."""
        try:
            return parse_json(value.encode("utf-8", "replace"))
        except BadPayload:
            return None

    @functions.signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_pairs(self, value: object) -> Mapping[str, str]:
        """An object of texts from an array or a text of pairs, as labels are read."""
        return labels_of(value)

    @functions.signature({"types": []}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_words(self, value: object, between: str) -> str:
        """Scalars as one text, those that are empty left out."""
        if isinstance(value, list):
            return between.join(word for one in value[:100] if (word := text(one)))
        return joined(value)


def _check(parsed: Mapping[str, Any]) -> None:
    """Raises BadExpression on a function that does not exist or has other arguments."""
    pending = [parsed]
    while pending:
        node = pending.pop()
        if not isinstance(node, dict):
            continue
        children = node.get("children") or []
        if node.get("type") == "function_expression":
            known = _Functions.FUNCTION_TABLE.get(node["value"])
            if known is None:
                raise BadExpression(f"there is no function {node['value']}()")
            wanted = known["signature"]
            exact = not (wanted and wanted[-1].get("variadic"))
            if (exact and len(children) != len(wanted)) or len(children) < len(wanted):
                raise BadExpression(f"{node['value']}() takes {len(wanted)} argument(s)")
        if node.get("type") == "slice" and 0 in children[2:]:
            raise BadExpression("a slice with a step of 0 has no end")
        pending += [child for child in children if isinstance(child, dict)]
