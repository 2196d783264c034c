"""The runbook starter pack as documents: generic pages, told apart from a team's own."""

from dataclasses import replace
from importlib import resources

from knowledge.errors import BadDocument
from knowledge.loaders.outcome import Loaded, Outcomes, Problem
from knowledge.model import Origin
from knowledge.text.pages import parse_runbook

PREFIX = "starter/"
"""Put before the id of every starter page, so that none can replace a team's own page."""


def load() -> Outcomes:
    """Every page of the pack, in a stable order."""
    folder = resources.files("knowledge.starter")
    pages = sorted((page for page in folder.iterdir()), key=lambda page: page.name)
    for page in pages:
        if not page.name.endswith(".md"):
            continue
        try:
            slug = f"{PREFIX}{page.name.removesuffix('.md')}"
            runbook = parse_runbook(page.read_bytes(), slug=slug)
            yield Loaded(replace(runbook, origin=Origin.STARTER), page.name)
        except BadDocument as error:
            yield Problem(page.name, None, str(error))
