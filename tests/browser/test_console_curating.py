"""A lead keeps runbooks in a real browser: writes one, meets another's edit, goes back, approves
what was proposed, searches. Every page on the way can be read by everybody."""

from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from bot.drafts.curation import Curation, Editor
from bot.people.model import Role
from knowledge.curate.model import Published
from tests.support.browsing import NEEDS_CHROMIUM, open_browser
from tests.support.console_browsing import (
    WIDE,
    enter,
    look,
    main_text,
    press,
    until,
    violations,
)
from tests.support.console_site import PAGE, Site, console_site

pytestmark = [
    pytest.mark.browser,
    NEEDS_CHROMIUM,
]
BEN = Editor("T1/BEN", Role.LEAD)
NEW = """---
title: The queue is long
services: [invoices]
owners: [anna]
---
# The queue is long

1. Look at the oldest message.
2. Restart the consumer.
"""


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path_factory.mktemp("chromium"))
    try:
        look(driver, WIDE)
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, window: webdriver.Chrome) -> Iterator[Site]:
    with console_site(tmp_path_factory.mktemp("site"), "") as site:
        enter(window, site.link())
        yield site


def ben_publishes(site: Site, page: str, old: str, new: str) -> None:
    """In his own window, while Anna has hers open."""
    curation = Curation(site.database, site.clock)
    now = curation.page(BEN, page)
    assert now is not None
    assert old in now.text
    done = curation.publish(BEN, page, now.text.replace(old, new), now.version)
    assert isinstance(done, Published)


def types(window: webdriver.Chrome, text: str) -> None:
    """Instead of what stands in the editor."""
    field = window.find_element(By.ID, "text")
    field.clear()
    field.send_keys(text)


def in_editor(window: webdriver.Chrome) -> str:
    return str(window.find_element(By.ID, "text").get_property("value"))


def text_of(site: Site, page: str) -> str:
    found = Curation(site.database, site.clock).page(BEN, page)
    assert found is not None
    return found.text


def test_a_page_is_written_previewed_published_and_found(
    window: webdriver.Chrome, site: Site
) -> None:
    window.get(f"{site.address}/console/runbooks")
    window.find_element(By.LINK_TEXT, "New runbook").click()
    until(window, lambda: window.find_elements(By.ID, "page_id"))
    window.find_element(By.ID, "page_id").send_keys("invoices/queue")
    types(window, "---\ntitle: [open\n---\n# x")
    press(window, "Publish")
    until(window, lambda: window.find_elements(By.ID, "problem"))
    assert "[open" in in_editor(window), "what was typed is still there"
    assert violations(window) == []
    types(window, NEW)
    press(window, "Preview")
    until(window, lambda: "Restart the consumer" in window.find_element(By.ID, "preview").text)
    assert violations(window) == []
    press(window, "Publish")
    until(window, lambda: window.current_url.split("?")[0].endswith("/page/invoices/queue"))
    assert "The queue is long" in main_text(window)
    window.get(f"{site.address}/console/runbooks?words=queue")
    assert "The queue is long" in main_text(window)
    assert "Checkout is slow" not in main_text(window)


def test_edits_of_different_lines_are_put_together(window: webdriver.Chrome, site: Site) -> None:
    window.get(f"{site.address}/console/runbooks/edit/checkout/slow")
    ben_publishes(site, "checkout/slow", "1. Look at the connections", "1. Count the connections")
    types(window, PAGE.replace("holds most of them", "leaks them"))
    press(window, "Publish")
    until(window, lambda: "leaks them" in main_text(window))
    assert "Count the connections" in main_text(window)


def test_of_two_who_change_the_same_line_the_second_sees_both_and_loses_nothing(
    window: webdriver.Chrome, site: Site
) -> None:
    window.get(f"{site.address}/console/runbooks/edit/checkout/slow")
    ben_publishes(site, "checkout/slow", "holds most of them", "was deployed last")
    types(window, PAGE.replace("holds most of them", "leaks them"))
    press(window, "Publish")
    until(window, lambda: window.find_elements(By.ID, "conflict"))
    assert "Nothing is lost" in window.find_element(By.ID, "conflict").text
    both = in_editor(window)
    assert "leaks them" in both
    assert "was deployed last" in both
    assert "was deployed last" in text_of(site, "checkout/slow"), "nothing is published yet"
    assert violations(window) == []
    press(window, "Publish")
    until(window, lambda: window.find_elements(By.ID, "problem"))
    assert "leaks them" in in_editor(window), "with the marks in it, it is no page yet"
    types(window, PAGE.replace("holds most of them", "was deployed last, or leaks them"))
    press(window, "Publish")
    until(window, lambda: "was deployed last, or leaks them" in main_text(window))


def test_the_history_shows_who_changed_what_and_goes_back(
    window: webdriver.Chrome, site: Site
) -> None:
    ben_publishes(site, "checkout/slow", "holds most of them", "was deployed last")
    window.get(f"{site.address}/console/runbooks/page/checkout/slow")
    window.find_element(By.LINK_TEXT, "History").click()
    until(window, lambda: "From version 1 to 2" in main_text(window))
    assert "was deployed last" in window.find_element(By.CSS_SELECTOR, ".diff .added").text
    assert "holds most of them" in window.find_element(By.CSS_SELECTOR, ".diff .removed").text
    assert violations(window) == []
    press(window, "Go back to version 1")
    until(window, lambda: "holds most of them" in main_text(window))
    assert "holds most of them" in text_of(site, "checkout/slow")


def test_a_proposed_edit_is_changed_and_approved(window: webdriver.Chrome, site: Site) -> None:
    window.get(f"{site.address}/console/review/1")
    [added] = window.find_elements(By.CSS_SELECTOR, ".diff .added")
    assert "leaks them" in added.text, "what it would change, and nothing else"
    types(window, PAGE.replace("holds most of them", "leaks them, after asking its owner"))
    press(window, "Approve")
    until(window, lambda: "after asking its owner" in main_text(window))
    assert "after asking its owner" in text_of(site, "checkout/slow")
    window.get(f"{site.address}/console/review/1")
    assert "accepted by" in main_text(window)
    assert violations(window) == []


def test_a_search_leads_to_an_answer_with_its_receipt(window: webdriver.Chrome, site: Site) -> None:
    window.get(f"{site.address}/console/search")
    window.find_element(By.NAME, "text").send_keys("checkout answers slowly")
    window.find_element(By.NAME, "service").send_keys("checkout")
    press(window, "Search")
    until(window, lambda: "/console/answers/s1" in window.current_url)
    assert [one.text for one in site.engine.asked] == ["checkout answers slowly"]
    assert "Not seen before" in main_text(window)
    assert violations(window) == []
