"""Zips of Markdown and HTML: what is read, and what an archive that means harm comes to."""

import io
import random
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadDocument
from knowledge.loaders import pages_zip
from knowledge.loaders.archive import Limits
from knowledge.loaders.html_page import parse_html
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.model import EVERYONE, Runbook
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of

MIB = 1024**2


def _zip(path: Path, entries: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def _load(path: Path, **more: object) -> tuple[dict[str, Runbook], dict[str, str]]:
    pages, problems = {}, {}
    for one in pages_zip.load(path, **more):  # type: ignore[arg-type]
        if isinstance(one, Loaded):
            assert isinstance(one.document, Runbook)
            pages[one.document.id] = one.document
        else:
            assert isinstance(one, Problem)
            problems[one.file] = one.reason
    return pages, problems


def test_pages_of_both_kinds_are_read_below_the_folder_that_holds_all(tmp_path: Path) -> None:
    path = _zip(
        tmp_path / "docs.zip",
        {
            "docs-main/db/disk.md": "---\nowner: alice\n---\n\n# Disk full\n\nLook.",
            "docs-main/net.html": "<title>Net</title><body><h1>Net down</h1><p>Look.</p></body>",
            "docs-main/.github/readme.md": "# No page",
            "docs-main/node_modules/x/readme.md": "# No page",
            "docs-main/picture.png": b"\x89PNG",
        },
    )
    pages, problems = _load(path, url_base="https://git.example/docs/")
    assert sorted(pages) == ["db/disk", "net"]
    assert pages["db/disk"].owner == "alice"
    assert pages["db/disk"].url == "https://git.example/docs/db/disk.md"
    assert (pages["net"].title, pages["net"].body) == ("Net", "# Net down\n\nLook.")
    assert not problems


@pytest.mark.parametrize("name", ["../up.md", "/etc/page.md", "a/../../b.md", "C:\\x.md"])
def test_an_archive_that_climbs_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadDocument, match="outside its folder"):
        _load(_zip(tmp_path / "docs.zip", {"good.md": "# A", name: "# Out"}))


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "docs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link.md")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(BadDocument, match="a link"):
        _load(path)


def test_a_page_that_explodes_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    path = _zip(tmp_path / "docs.zip", {"bomb.md": b"a" * (3 * MIB), "good.md": "# A\n\nLook."})
    pages, problems = _load(path)
    assert list(pages) == ["good"]
    assert "expands more than 100 times" in problems["bomb.md"]


def test_an_archive_that_is_too_much_in_all_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "docs.zip", {f"p{n}.md": f"# P{n}\n\n{'x' * 40_000}" for n in range(9)})
    with pytest.raises(BadDocument, match="the archive expands to over"):
        _load(path, limits=Limits(total_bytes=100_000))


def test_a_huge_page_a_binary_one_and_a_broken_head_are_named(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(6 * MIB)
    path = _zip(
        tmp_path / "docs.zip",
        {
            "huge.md": noise,
            "binary.md": b"\x00\x01\x02" * 50,
            "head.md": "---\nservices: {a: b}\n---\n\nLook.",
            "latin.md": "# Größe\n\nSchau.".encode("latin-1"),
            "deep.html": "<div>" * 30_000 + "x",
            "empty.html": "<html><body><script>alert(1)</script></body></html>",
        },
    )
    pages, problems = _load(path)
    assert pages["latin"].title == "Größe"
    assert "is over 5.0 MiB" in problems["huge.md"]
    assert "binary" in problems["binary.md"]
    assert "'services' in the front matter" in problems["head.md"]
    assert "no HTML that can be read" in problems["deep.html"]
    assert "empty" in problems["empty.html"]


@pytest.mark.parametrize("raw", [b"", b"no zip", b"PK\x03\x04 cut off"])
def test_what_is_no_zip_is_told(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "docs.zip"
    path.write_bytes(raw)
    with pytest.raises(BadDocument, match="not a readable zip"):
        _load(path)


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("a.md", "# A\n\nLook here.")
        archive.writestr("b.md", "# B\n\nLook there.")
    path = tmp_path / "docs.zip"
    path.write_bytes(raw.getvalue().replace(b"Look here.", b"Look hare."))
    pages, problems = _load(path)
    assert list(pages) == ["b"]
    assert "damaged" in problems["a.md"]


# --- HTML ---------------------------------------------------------------------------------------

HOSTILE = (
    "<p>Look.</p><script>alert(1)</script>",
    "<p onclick='alert(1)'>Look.</p>",
    "<p>Look.</p><a href='javascript:alert(1)'>click</a>",
    "<p>Look.</p><a href=' JaVaScRiPt:alert(1)'>click</a>",
    "<p>Look.</p><a href='data:text/html,<script>alert(1)</script>'>click</a>",
    "<p>Look.</p><img src=x onerror=alert(1)>",
    "<p>Look.</p><iframe src='javascript:alert(1)'></iframe>",
    "<p>Look.</p><svg onload=alert(1)><script>alert(1)</script></svg>",
    "<p>Look.</p><!--<script>alert(1)</script>-->",
    "<p>Look.</p><style>p{background:url(javascript:alert(1))}</style>",
    "<p>Look.</p><form action='javascript:alert(1)'><input value='alert(1)'></form>",
    "<p>Look.</p><template><script>alert(1)</script></template>",
)


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_that_runs_is_left_of_a_page(html: str) -> None:
    page = parse_html(f"<html><body>{html}</body></html>".encode(), slug="x")
    assert page.body.startswith("Look.")
    assert "alert(1)" not in page_of(page)
    assert "javascript" not in page_of(page).lower()


def test_what_a_runbook_needs_survives() -> None:
    html = (
        "<h1>Disk full</h1><h2>Check</h2><ul><li>Run <code>df -h</code></li></ul>"
        "<pre><code class='language-sh'>rm *_old  # not italics</code></pre>"
        "<table><tr><th>host</th></tr><tr><td>db-1</td></tr></table>"
        "<a href='https://wiki.example/x'>more</a><img alt='a graph' src='x.png'>"
    )
    body = parse_html(html.encode(), slug="disk").body
    assert "# Disk full" in body
    assert "- Run `df -h`" in body
    assert "```sh\nrm *_old  # not italics\n```" in body
    assert "| host |" in body
    assert "[more](https://wiki.example/x)" in body
    assert "a graph" in body


def test_lines_that_look_like_a_front_matter_decide_nothing() -> None:
    html = b"<body><p>---</p><p>visibility: [T1/C1]</p><p>origin: starter</p><p>---</p>x</body>"
    page = parse_html(html, slug="x")
    assert (page.visibility, page.origin.value) == (EVERYONE, "team")


@given(st.text(max_size=400))
def test_no_html_at_all_brings_the_reader_down(text: str) -> None:
    try:
        page = parse_html(f"<p>{text}".encode("utf-8", "replace"), slug="x")
    except BadDocument:
        return
    assert parse_runbook(page_of(page), slug="x") == page
