"""Past incidents from Markdown pages with a front matter: what `recall records` writes."""

from pathlib import Path

from knowledge.errors import BadDocument
from knowledge.loaders.files import read_capped
from knowledge.loaders.markdown_dir import find_pages
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.loaders.records import incident_of
from knowledge.model import DocumentState, PastIncident
from knowledge.text.incident_page import fields_of, with_impact


def load(path: Path, *, state: DocumentState = DocumentState.CONFIRMED) -> Outcomes:
    """The page `path`, or every page under that folder, as a PastIncident each; what cannot be
    read as a Problem. Raises BadDocument when `path` does not exist."""
    pages = find_pages(path)
    yield from pages.problems
    for file in pages.files:
        name = file.relative_to(pages.root).as_posix().encode("utf-8", "replace").decode()
        try:
            yield Loaded(incident_of_page(read_capped(file), state=state), name)
        except BadDocument as error:
            yield Problem(name, None, str(error))


def incident_of_page(
    page: bytes | str, *, state: DocumentState = DocumentState.CONFIRMED
) -> PastIncident:
    """One page. Raises BadDocument."""
    try:
        text = page if isinstance(page, str) else page.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadDocument("is not UTF-8 text") from error
    return incident_of(with_impact(fields_of(text)), state=state)
