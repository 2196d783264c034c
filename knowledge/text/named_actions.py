"""Actions that a page names: in its front matter, or in a fenced block of its own kind.

A name is data. Only these two places are looked at, so prose and ordinary code blocks never turn
into something to press, whatever they say.
"""

import re
from collections.abc import Iterator
from typing import Any

from markdown_it.token import Token

from knowledge.errors import BadDocument
from knowledge.model import NamedAction, Runbook
from knowledge.text.front_matter import read_yaml
from knowledge.text.sections import read_page

BLOCK = "recall-action"
"""The info word of the fenced block."""
MOST = 20
"""Actions that one page may name."""
LONGEST = 1_000
"""Characters of one parameter on a page. A template takes fewer, and says so."""
_MOST_PARAMETERS = 30
_MOST_CHARACTERS = 16 * 1024
_LONGEST_ID = 500
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}", re.ASCII)
_KEYS = {"template", "parameters"}


def named_actions(page: Runbook) -> tuple[NamedAction, ...]:
    """All that the page names, those of the front matter first, each once, at most `MOST`. A
    block that cannot be read names nothing: it was refused, or is older than such blocks."""
    found: list[NamedAction] = []
    for one in (*page.actions, *_readable(page.body)):
        if one not in found:
            found.append(one)
    return tuple(found[:MOST])


def check_blocks(body: str, first_line: int) -> None:
    """Raises BadDocument for the first block that cannot be read, or one too many. `first_line`
    is the line of the page that the body begins on."""
    for number, token in enumerate(_blocks(body), 1):
        line = _line(token, first_line)
        if number > MOST:
            raise BadDocument(f"the page has over {MOST} blocks of {BLOCK}", line)
        _of_block(token, first_line)


def read_action(value: Any, what: str, line: int | None = None) -> NamedAction:
    """An action out of YAML: a template's id alone, or `template` and `parameters`. Raises
    BadDocument, `what` being what to call it."""
    if isinstance(value, str):
        return NamedAction(template=_template(value, what, line))
    if not isinstance(value, dict) or not set(value) <= _KEYS or "template" not in value:
        raise BadDocument(f"{what} is written as `template:` and, if need be, `parameters:`", line)
    given = value.get("parameters")
    given = {} if given is None else given
    if not isinstance(given, dict) or len(given) > _MOST_PARAMETERS:
        told = f"the `parameters` of {what} are at most {_MOST_PARAMETERS} `name: value` pairs"
        raise BadDocument(told, line)
    return NamedAction(
        template=_template(value["template"], what, line),
        parameters={str(name): _text(name, text, what, line) for name, text in given.items()},
    )


def _template(value: Any, what: str, line: int | None) -> str:
    """One that is no id of any template is kept: the page is told of as stale then."""
    name = " ".join(value.split()) if isinstance(value, str) else ""
    if not 0 < len(name) <= _LONGEST_ID:
        raise BadDocument(f"{what} must name a template by its id", line)
    return name


def _text(name: Any, value: Any, what: str, line: int | None) -> str:
    """As it stands: a value is never mended here into one that a template would take."""
    if not isinstance(name, str) or not _PARAMETER.fullmatch(name):
        raise BadDocument(f"{name!r:.80} is no name of a parameter in {what}", line)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadDocument(f"{name!r} in {what} must be a text or a whole number", line)
    if len(text := str(value)) > LONGEST:
        raise BadDocument(f"{name!r} in {what} is over {LONGEST} characters", line)
    return text


def _readable(body: str) -> Iterator[NamedAction]:
    if BLOCK not in body:
        return
    for token in _blocks(body):
        try:
            yield _of_block(token, 1)
        except BadDocument:
            continue


def _of_block(token: Token, first_line: int) -> NamedAction:
    line = _line(token, first_line)
    what = f"the block of {BLOCK}"
    if len(token.content) > _MOST_CHARACTERS:
        raise BadDocument(f"{what} is over {_MOST_CHARACTERS // 1024} KiB", line)
    value = read_yaml(token.content, what, first_line=line + 1)
    if not isinstance(value, dict):
        raise BadDocument(f"{what} is written as `template:` and, if need be, `parameters:`", line)
    return read_action(value, what, line)


def _blocks(body: str) -> Iterator[Token]:
    for section in read_page(body).sections:
        for token in section.tokens:
            if token.type == "fence" and is_block(token):
                yield token


def is_block(token: Token) -> bool:
    """Whether a fenced block is of that kind."""
    return token.info.split()[:1] == [BLOCK]


def _line(token: Token, first_line: int) -> int:
    return first_line + (token.map[0] if token.map else 0)
