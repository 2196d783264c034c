"""`docs/sources.md` has a section for each source, and what it shows is true."""

import re
from pathlib import Path

import pytest

from bot.alerts.sources import all_sources
from bot.alerts.sources.authentication import told
from bot.alerts.sources.mapping_file import parse_mapping

PAGE = Path(__file__).parents[3] / "docs" / "sources.md"
TEXT = PAGE.read_text(encoding="utf-8")
SOURCES = all_sources()
LONGEST_HEAD = 120


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, f"docs/sources.md has no section {title!r}"
    return found[1]


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_has_a_section_with_its_address_its_secrets_and_its_settings(name: str) -> None:
    source = SOURCES[name]
    text = section(source.title)
    head, _, settings = text.strip().partition("\n")
    assert head.startswith(f"Source `{name}`, `POST /v1/alerts/{name}`.")
    kinds = ", ".join(f"`{told(kind)}`" for kind in source.kinds)
    assert f"Secret by {kinds}." in head
    for alias in source.aliases:
        assert f"`{alias}`" in head
    assert len(settings.strip()) > 60


def test_no_section_is_about_a_source_that_is_not_there() -> None:
    assert set(re.findall(r"^Source `([^`]+)`", TEXT, re.MULTILINE)) == set(SOURCES)


@pytest.mark.parametrize("name", SOURCES)
def test_no_address_leads_to_another_source(name: str) -> None:
    for address in re.findall(r"/v1/alerts/([a-z0-9_]+)", section(SOURCES[name].title)):
        assert address == name


def test_the_mapping_that_is_shown_can_be_used() -> None:
    (written,) = re.findall(r"^```yaml\n(version: 1\n.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert parse_mapping(written, "watcher.yaml").alert is not None
