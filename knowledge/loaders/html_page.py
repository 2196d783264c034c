"""A page of HTML, as wikis export it, read as a Markdown runbook; the only file that imports
bs4 and markdownify.

Nothing of it is run, fetched or shown as HTML: scripts, styles, forms and frames are taken out,
links keep their address only where that is http or https, images only their description.
"""

import json
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Comment, Tag
from markdownify import MarkdownConverter

from knowledge.errors import BadDocument
from knowledge.model import Runbook
from knowledge.text.pages import MAX_PAGE_BYTES, parse_runbook

SUFFIXES = (".html", ".htm")
_TAKEN_OUT = (
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "svg",
    "math",
    "form",
    "input",
    "button",
    "select",
    "textarea",
    "nav",
    "link",
    "meta",
    "base",
    "head",
    "title",
)
_SAFE_SCHEMES = ("http", "https", "mailto")
_MAX_DEPTH = 200


def parse_html(raw: bytes, *, slug: str, url: str | None = None) -> Runbook:
    """Read one page; its `<title>` or first heading is the title. Front matter has no place in
    HTML: who may see the page is everyone.

    Raises BadDocument: empty, over 5 MiB, binary, or nested deeper than 200 elements.
    """
    if len(raw) > MAX_PAGE_BYTES:
        raise BadDocument(f"the page is over {MAX_PAGE_BYTES // 2**20} MiB")
    if b"\x00" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadDocument("the page is binary, not text")
    try:
        soup = BeautifulSoup(raw, "html.parser")
        title = " ".join(soup.title.get_text(" ").split()) if soup.title else ""
        _clean(soup)
        shown = soup.find("main") or soup.find("article") or soup.body or soup
        body = _Markdown(heading_style="ATX", bullets="-").convert_soup(shown)
    except (RecursionError, ValueError, AssertionError) as error:
        # html.parser raises AssertionError on some malformed declarations.
        raise BadDocument("the page is no HTML that can be read") from error
    if not body.strip():
        raise BadDocument("the page is empty")
    # A front matter of our own: lines of the page that look like one stay what they are.
    head = f"title: {json.dumps(title[:500])}\n" if title else ""
    return parse_runbook(f"---\n{head}---\n\n{body.strip()}\n", slug=slug, url=url)


def _clean(soup: BeautifulSoup) -> None:
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.find_all(_TAKEN_OUT):
        tag.decompose()
    for tag in soup.find_all(True):
        if _depth(tag) > _MAX_DEPTH:
            raise ValueError("too deep")
        if tag.name == "img":
            tag.replace_with(str(tag.get("alt") or ""))
        elif tag.name == "a" and not _is_safe(str(tag.get("href") or "")):
            tag.unwrap()


def _depth(tag: Tag) -> int:
    depth, parent = 0, tag.parent
    while parent is not None and depth <= _MAX_DEPTH:
        depth, parent = depth + 1, parent.parent
    return depth


def _is_safe(address: str) -> bool:
    try:
        return urlsplit(address.strip()).scheme.lower() in _SAFE_SCHEMES
    except ValueError:
        return False


class _Markdown(MarkdownConverter):
    """Code keeps its language, where its class tells one (`language-sh`)."""

    def convert_pre(self, el: Tag, text: str, parent_tags: object = None) -> str:
        if not text.strip():
            return ""
        inner = el.find("code")
        classes = inner.get("class") if isinstance(inner, Tag) else el.get("class")
        named = [one for one in classes or [] if str(one).startswith("language-")]
        language = str(named[0]).removeprefix("language-") if named else ""
        plain = el.get_text().strip("\n")
        fence = "```" if "```" not in plain else "~~~~"
        word = language if language.isalnum() else ""
        return f"\n\n{fence}{word}\n{plain}\n{fence}\n\n"
