"""Markdown of people as HTML that can do nothing: no HTML of theirs, no pictures, tame links."""

from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markupsafe import Markup

_LOWEST_HEADING = 6


def rendered(body: str) -> Markup:
    """The body of a page. What is HTML in it stands there as text; links lead to http, https or
    a place on this server, and all others stay text. Headings go one level down, below the
    page's own."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.validateLink = _is_tame  # type: ignore[method-assign]
    tokens = parser.parse(body)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_LOWEST_HEADING, int(token.tag[1:]) + 1)}"
        # The policy of the pages lets no style of their own through.
        token.attrs.pop("style", None)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


def _is_tame(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    if parts.scheme:
        return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)
    # "//host" is another server in disguise; a colon in the first part could be a scheme.
    return not parts.netloc and ":" not in url.split("/")[0] and "\\" not in url
