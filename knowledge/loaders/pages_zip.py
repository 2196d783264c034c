"""Runbooks from a zip archive of Markdown or HTML pages, read in memory and never extracted."""

from pathlib import Path, PurePosixPath
from urllib.parse import quote

from knowledge.errors import BadDocument
from knowledge.loaders.archive import Limits, open_zip
from knowledge.loaders.markdown_dir import SKIPPED_FOLDERS
from knowledge.loaders.markdown_dir import SUFFIXES as MARKDOWN
from knowledge.loaders.outcome import Known, Loaded, Outcomes, Problem, file_digest
from knowledge.model import Runbook
from knowledge.text.pages import MAX_PAGE_BYTES, parse_runbook

HTML = (".html", ".htm")
LIMITS = Limits(entries=100_000, entry_bytes=MAX_PAGE_BYTES, total_bytes=512 * 1024**2, ratio=100)
"""Pages are text: what expands more than a hundred times is no page."""


def load(
    path: Path,
    *,
    url_base: str | None = None,
    limits: Limits = LIMITS,
    known: Known | None = None,
) -> Outcomes:
    """Each page as a Runbook; a page that cannot be read as a Problem. Pages that are the same as
    `known` are left out.

    The id is the path inside the archive without its suffix. A folder that holds everything, as
    downloads of repositories have one, is no part of it. Raises BadDocument when the archive as
    a whole is unusable: no zip, damaged, names that climb out of it, links, too many entries, or
    more bytes than the limits allow.
    """
    with open_zip(path, limits) as archive:
        names = [name for name in archive.names if is_page(name)]
        top = _top(names)
        for name in names:
            own = name.removeprefix(top)
            try:
                raw = archive.read(name)
                url = f"{url_base.rstrip('/')}/{quote(own)}" if url_base else None
                digest = file_digest(raw, own, url)
                if known is None or not known.is_unchanged(slug_of(own), digest, name):
                    yield Loaded(page_of_bytes(raw, own, url), name, digest=digest)
            except BadDocument as error:
                if archive.is_spent:
                    raise
                yield Problem(name, None, str(error).removeprefix(f"{name} in the archive "))


def page_of_bytes(raw: bytes, name: str, url: str | None = None) -> Runbook:
    """The page in a file called `name`, whose path without suffix is the id. Raises
    BadDocument."""
    slug = slug_of(name)
    if name.lower().endswith(HTML):
        # bs4 and markdownify are only loaded where there is HTML.
        from knowledge.loaders.html_page import parse_html

        return parse_html(raw, slug=slug, url=url)
    return parse_runbook(raw, slug=slug, url=url)


def slug_of(name: str) -> str:
    """The id of the page in a file called `name`."""
    return name.removesuffix(PurePosixPath(name).suffix)


def is_page(name: str) -> bool:
    """Whether a file of that path is a page by its name: no hidden one, no dependency's."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts)
    return not hidden and "__MACOSX" not in parts and name.lower().endswith((*MARKDOWN, *HTML))


def _top(names: list[str]) -> str:
    """The one folder that everything lies in, with its `/`; "" where there is none."""
    tops = {name.partition("/")[0] for name in names}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in names) else ""
