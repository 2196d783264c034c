"""The starter pack is content, so its tests guard what every page promises its reader."""

import re
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.starter import starter_dir

KEYS = [
    "title",
    "services",
    "environments",
    "alerts",
    "tags",
    "owner",
    "actions",
    "reviewed",
    "visibility",
    "origin",
]
SECTIONS = [
    "What it means",
    "How to confirm",
    "What to do",
    "How to undo",
    "When to escalate",
]
PAGES = sorted(starter_dir().glob("*.md"))
MOST_ALIKE = 0.55
"""Share of common words from which two pages would be one page written twice."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def front_matter(page: Path) -> dict[str, Any]:
    _, head, _ = page.read_text(encoding="utf-8").split("---\n", 2)
    loaded = yaml.safe_load(head)
    assert isinstance(loaded, dict)
    return loaded


def body(page: Path) -> str:
    return page.read_text(encoding="utf-8").split("---\n", 2)[2]


def sections(page: Path) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", body(page), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower()))


def test_the_pack_is_broad_enough_to_be_useful_on_the_first_day() -> None:
    assert len(PAGES) >= 45


def test_the_pack_covers_what_on_call_engineers_meet() -> None:
    tags = {tag for page in PAGES for tag in front_matter(page)["tags"]}
    assert tags >= {
        *("kubernetes", "node", "volume", "linux", "cpu", "memory", "disk", "network", "clock"),
        *("certificate", "postgresql", "mysql", "redis", "kafka", "rabbitmq", "elasticsearch"),
        *("nginx", "dns", "tls", "http", "latency", "queue", "deploy", "provider", "backup"),
    }


@every_page
def test_front_matter_has_exactly_the_known_keys_and_shapes(page: Path) -> None:
    head = front_matter(page)
    assert list(head) == KEYS
    assert isinstance(head["title"], str)
    assert head["title"]
    for key in ("services", "environments", "alerts", "tags", "actions"):
        assert isinstance(head[key], list)
        assert all(isinstance(item, str) for item in head[key])
    assert head["alerts"], "a page that no alert leads to is found by nobody at night"
    assert head["tags"]
    assert head["reviewed"] == date(2026, 11, 15)
    assert head["visibility"] == "everyone"


@every_page
def test_a_generic_page_claims_no_team_and_no_action(page: Path) -> None:
    head = front_matter(page)
    assert head["origin"] == "starter"
    assert head["owner"] == ""
    assert head["services"] == head["environments"] == head["actions"] == []


@every_page
def test_every_page_answers_the_same_five_questions_in_the_same_order(page: Path) -> None:
    assert body(page).lstrip().startswith(f"# {front_matter(page)['title']}\n")
    found = sections(page)
    assert list(found) == SECTIONS
    assert all(len(text) >= 80 for text in found.values())


@every_page
def test_the_mitigation_part_can_be_acted_on(page: Path) -> None:
    mitigation = sections(page)["What to do"]
    items = re.findall(r"^\d+\. ", mitigation, flags=re.MULTILINE)
    blocks = re.findall(r"^ *```\w+$", mitigation, flags=re.MULTILINE)
    assert len(items) >= 2
    assert len(items) + len(blocks) >= 4


@every_page
def test_code_fences_are_closed_and_list_numbers_count_up(page: Path) -> None:
    assert len(re.findall(r"^ *```", body(page), flags=re.MULTILINE)) % 2 == 0
    for text in sections(page).values():
        numbers = [int(n) for n in re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))


@every_page
def test_placeholders_are_written_one_way(page: Path) -> None:
    for found in re.findall(r"<[^<>\n]*>", body(page)):
        assert re.fullmatch(r"<[a-z][a-z0-9_-]*>", found), found


@every_page
def test_pages_are_utf8_of_readable_length_and_link_to_nothing(page: Path) -> None:
    text = page.read_bytes().decode("utf-8")
    assert 35 <= text.count("\n") <= 90
    assert not re.search(r"\w+://|www\.|\]\(", text)


def test_no_two_pages_say_nearly_the_same() -> None:
    bags = {page.stem: words(body(page)) for page in PAGES}
    alike = [
        (one, other)
        for one, other in combinations(bags, 2)
        if len(bags[one] & bags[other]) / len(bags[one] | bags[other]) > MOST_ALIKE
    ]
    assert alike == []


def test_titles_are_unique() -> None:
    titles = [front_matter(page)["title"] for page in PAGES]
    assert len(set(titles)) == len(titles)
