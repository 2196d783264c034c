"""A page of a runbook is shown as HTML: whatever is written there, nothing in it can run."""

import re

import pytest
from bs4 import BeautifulSoup

from bot.web.console.markdown import rendered
from knowledge.errors import BadDocument
from knowledge.loaders.html_page import parse_html
from tests.support.hostile_pages import CORPUS

HARMLESS = {
    *(
        "p",
        "a",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "code",
        "pre",
        "em",
        "strong",
    ),
    *("blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"href", "title", "class", "start"}


def only_harmless(html: str) -> bool:
    soup = BeautifulSoup(html, "html.parser")
    for tag in soup.find_all(True):
        if tag.name not in HARMLESS or not set(tag.attrs) <= ATTRIBUTES:
            return False
        # As a browser reads an address: what is no sign at its beginning, and breaks, are nothing.
        address = re.sub(r"^[\x00-\x20]+|[\t\r\n]", "", str(tag.get("href", "")))
        if ":" in address.split("/")[0] and not address.startswith(("http:", "https:")):
            return False
    return True


@pytest.mark.parametrize("hostile", CORPUS)
def test_markdown_that_means_harm_stays_text(hostile: str) -> None:
    for text in (hostile, f"# {hostile}\n\n- {hostile}\n\n> `{hostile}`", f"[x]({hostile})"):
        assert only_harmless(rendered(text)), text


@pytest.mark.parametrize("hostile", CORPUS)
def test_html_that_means_harm_is_harmless_once_it_is_a_page(hostile: str) -> None:
    try:
        page = parse_html(f"<body><p>Look.</p>{hostile}</body>".encode(), slug="x")
    except BadDocument:
        return
    assert only_harmless(rendered(page.body)), page.body


def test_the_check_tells_what_could_run() -> None:
    assert not only_harmless("<p onclick='x'>a</p>")
    assert not only_harmless("<script>x</script>")
    assert not only_harmless("<a href='javascript:x'>a</a>")
    assert not only_harmless("<a href=' java\nscript:x'>a</a>")
