"""Markdown runbooks read: bytes to a `Runbook`, every fault told in one plain sentence."""

import re
from datetime import date, datetime
from typing import Any

from knowledge.errors import BadDocument
from knowledge.model import EVERYONE, NamedAction, Origin, Runbook, Visibility
from knowledge.text.extra import extra_of
from knowledge.text.front_matter import split_front_matter
from knowledge.text.named_actions import MOST, check_blocks, read_action
from knowledge.text.sections import first_heading, plain_heading

MAX_PAGE_BYTES = 5 * 1024 * 1024
_MAX_LIST = 200
_MAX_VALUE = 500
_CHANNEL_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}")
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_SHARE_OF_CONTROL_IN_TEXT = 0.02
"""Above this share of control characters the bytes are no text in any encoding we accept."""


def parse_runbook(raw: bytes | str, *, slug: str, url: str | None = None) -> Runbook:
    """Read one Markdown page; `slug` becomes the document's id, `url` where it can be opened.

    The title is the front matter's, else the first heading, else the slug. UTF-8 (with or
    without a byte-order mark), UTF-16 with one, and Latin-1 are accepted. Unknown keys of the
    front matter are kept in `extra`.

    Raises BadDocument: empty, over 5 MiB, binary, a front matter that is broken or has a value of
    the wrong shape, or a block that names an action and cannot be read.
    """
    text = _decode(raw)
    head, body = split_front_matter(text)
    if not body.strip():
        raise BadDocument("the page is empty")
    check_blocks(body, first_line=1 + text.count("\n") - body.count("\n"))
    title = _text(head, "title") or first_heading(body) or slug
    return Runbook(
        id=slug,
        title=plain_heading(title) or slug,
        services=_list(head, "services"),
        environments=_list(head, "environments"),
        alerts=_list(head, "alerts"),
        tags=_list(head, "tags"),
        owner=_text(head, "owner"),
        actions=_actions(head, text),
        reviewed=_date(head, "reviewed"),
        review_by=_date(head, "review_by"),
        visibility=_visibility(head),
        origin=_origin(head),
        url=_url(head) or url,
        extra=extra_of(head),
        body=body.strip("\n"),
    )


def _decode(raw: bytes | str) -> str:
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > MAX_PAGE_BYTES:
        raise BadDocument(f"the page is over {MAX_PAGE_BYTES // 2**20} MiB")
    text = raw if isinstance(raw, str) else _text_of(raw)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text or len(_CONTROL.findall(text)) > _SHARE_OF_CONTROL_IN_TEXT * len(text):
        raise BadDocument("the page is binary, not text")
    # Lone surrogates cannot be stored as UTF-8; control characters have no place on a page.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", text)


def _text_of(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise BadDocument("the page is binary, not text") from error
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _scalar(key: str, value: Any) -> str:
    if isinstance(value, str | int | float | date) and not isinstance(value, bool):
        text = " ".join(str(value).split())
        if len(text) > _MAX_VALUE:
            raise BadDocument(f"{key!r} in the front matter is over {_MAX_VALUE} characters")
        return text
    raise BadDocument(f"{key!r} in the front matter must be text, not {_shape(value)}")


def _shape(value: Any) -> str:
    names = {dict: "key: value pairs", list: "a list", bool: "true or false"}
    return names.get(type(value), type(value).__name__)


def _text(head: dict[str, Any], key: str) -> str:
    value = head.get(key)
    return "" if value is None else _scalar(key, value)


def _list(head: dict[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts; a single text is a list of one. Order kept, repeats dropped."""
    value = head.get(key)
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if len(items) > _MAX_LIST:
        raise BadDocument(f"{key!r} in the front matter has over {_MAX_LIST} entries")
    texts = [_scalar(key, item) for item in items]
    return tuple(dict.fromkeys(text for text in texts if text))


def _actions(head: dict[str, Any], text: str) -> tuple[NamedAction, ...]:
    """The actions that the front matter names, each by its id or with parameters."""
    value = head.get("actions")
    if value is None:
        return ()
    items = [one for one in (value if isinstance(value, list) else [value]) if one != ""]
    lines = text.split("\n")
    line = next((at for at, one in enumerate(lines, 1) if one.startswith("actions")), None)
    if len(items) > MOST:
        raise BadDocument(f"'actions' in the front matter has over {MOST} entries", line)
    found: list[NamedAction] = []
    for item in items:
        one = read_action(item, "an action of the front matter", line)
        if one not in found:
            found.append(one)
    return tuple(found)


def _date(head: dict[str, Any], key: str) -> date | None:
    value = head.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadDocument(
            f"{key!r} in the front matter must be a date such as 2026-01-31"
        ) from error


def _visibility(head: dict[str, Any]) -> Visibility:
    """Whoever restricts a page must be understood: anything unclear is refused, never opened."""
    if "visibility" not in head or head["visibility"] == "everyone":
        return EVERYONE
    value = head["visibility"]
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(key, str) and _CHANNEL_KEY.fullmatch(key) for key in value)
    ):
        raise BadDocument(
            "'visibility' in the front matter must be `everyone` or a list of channels, "
            "each written as <team id>/<channel id>"
        )
    return Visibility(frozenset(value))


def _origin(head: dict[str, Any]) -> Origin:
    value = _text(head, "origin") or Origin.TEAM.value
    try:
        return Origin(value)
    except ValueError as error:
        raise BadDocument("'origin' in the front matter must be `team` or `starter`") from error


def _url(head: dict[str, Any]) -> str | None:
    value = head.get("url")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _URL.fullmatch(value.strip()):
        raise BadDocument("'url' in the front matter must be an http or https address")
    return value.strip()
