"""A value of another tool as plain text: texts, numbers, and Atlassian's document format."""

import json
from collections.abc import Mapping

_DEEPEST = 50
_BLOCKS = frozenset(
    {"paragraph", "heading", "codeBlock", "listItem", "blockquote", "tableRow", "rule", "panel"}
)


def plain(value: object) -> str:
    """The text; of a document `{"type": "doc", "content": [...]}` its words, a line a block."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        if value.get("type") == "doc":
            lines = "".join(_words(value, 0)).split("\n")
            return "\n".join(line.rstrip() for line in lines if line.strip())
        for name in ("display_value", "name", "value"):
            if isinstance(value.get(name), str):
                return str(value[name])
    return json.dumps(value, ensure_ascii=False)


def _words(node: object, depth: int) -> list[str]:
    if not isinstance(node, Mapping) or depth > _DEEPEST:
        return []
    if node.get("type") == "text":
        return [str(node.get("text") or "")]
    if node.get("type") == "hardBreak":
        return ["\n"]
    content = node.get("content")
    found = (
        [word for one in content for word in _words(one, depth + 1)]
        if isinstance(content, list)
        else []
    )
    return [*found, "\n"] if node.get("type") in _BLOCKS else found
