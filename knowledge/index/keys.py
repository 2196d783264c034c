"""Alert names and page addresses in the form in which they are compared."""

from functools import lru_cache

from knowledge.index.source import DocumentCard

REMEMBERED = 50_000
"""Names and addresses whose comparable form is kept."""


@lru_cache(maxsize=REMEMBERED)
def family(alert_name: str) -> str:
    """The alert's name as it is compared: letters and digits alone, lower case."""
    return "".join(letter for letter in alert_name.lower() if letter.isalnum())


@lru_cache(maxsize=REMEMBERED)
def page_key(url: str) -> str:
    """What of a link says which page it is: host and path, or the path alone, made comparable."""
    rest = url.strip().partition("://")[2] or url.strip()
    rest = rest.partition("#")[0].partition("?")[0].rstrip("/").lower()
    for ending in (".md", ".markdown", ".html", ".htm"):
        rest = rest.removesuffix(ending)
    return rest


def slug_of(page: str) -> str:
    """The last part of a `page_key`, which wikis keep when pages move."""
    return page.rpartition("/")[2]


def is_own_page(page: str, card: DocumentCard) -> bool:
    """Whether a link's `page_key` means this document: by its address, else by its slug."""
    if card.url and page_key(card.url) == page:
        return True
    slug = slug_of(page)
    return bool(slug) and slug == slug_of(page_key(card.id))


def keys_of(card: DocumentCard) -> frozenset[str]:
    """Everything a document is looked up by: `name:`, `page:` and `slug:` with what follows."""
    names = {f"name:{family(alert)}" for alert in card.alerts}
    pages = {f"page:{page_key(card.url)}"} if card.url else set()
    return frozenset(names | pages | {f"slug:{slug_of(page_key(card.id))}"})
