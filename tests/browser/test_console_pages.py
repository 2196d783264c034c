"""The console in a real browser: what runs there, what anybody can read, how it looks.

`SCREENSHOTS=docs/images` also takes the pictures of the documentation.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from bot.people.model import Role
from tests.support.browsing import NEEDS_CHROMIUM, PICTURES, open_browser
from tests.support.console_browsing import (
    PAGES,
    PHONE,
    PICTURED,
    WIDE,
    enter,
    impact_text,
    look,
    main_text,
    no_dialog,
    picture,
    press,
    strike,
    until,
    violations,
    weight,
)
from tests.support.console_site import Site, console_site

pytestmark = [
    pytest.mark.browser,
    NEEDS_CHROMIUM,
]
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"' onmouseover=alert(3) x='"
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with console_site(tmp_path_factory.mktemp("console"), HOSTILE) as site:
        yield site


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[webdriver.Chrome]:
    """A browser in which Anna, a lead, has signed in by a link."""
    driver = open_browser(tmp_path_factory.mktemp("chromium"))
    try:
        driver.get(site.link())
        driver.find_element(By.CSS_SELECTOR, "main button").click()
        until(driver, lambda: driver.current_url.endswith("/console/incidents"))
        yield driver
    finally:
        driver.quit()


@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_read_a_page_and_nothing_in_it_runs(
    window: webdriver.Chrome, site: Site, page: str
) -> None:
    look(window, WIDE)
    window.get(f"{site.address}/console/{page}")
    assert no_dialog(window)
    assert not window.find_elements(By.CSS_SELECTOR, "main img[src=x]")
    assert window.find_element(By.TAG_NAME, "h1").text not in ("Not Found", "Forbidden")
    assert violations(window) == []
    assert weight(window) <= MOST_BYTES
    look(window, WIDE, "dark")
    assert violations(window) == []
    look(window, PHONE)
    wide = window.execute_script("return document.documentElement.scrollWidth")
    assert wide <= PHONE[0], f"{page} is {wide} pixels wide"
    assert violations(window) == []


def test_the_list_follows_its_filters_and_so_does_the_address(
    window: webdriver.Chrome, site: Site
) -> None:
    look(window, WIDE)
    window.get(f"{site.address}/console/incidents?state=all")
    assert "CacheCold" in window.find_element(By.ID, "rows").text
    strike(window, "/")
    window.switch_to.active_element.send_keys("checkout")
    until(window, lambda: "CacheCold" not in window.find_element(By.ID, "rows").text)
    assert "CheckoutHighErrorRate" in window.find_element(By.ID, "rows").text
    until(window, lambda: "words=checkout" in window.current_url)
    window.refresh()
    assert "CacheCold" not in window.find_element(By.ID, "rows").text


def test_keys_lead_through_the_list(window: webdriver.Chrome, site: Site) -> None:
    look(window, WIDE)
    window.get(f"{site.address}/console/incidents?state=all")
    strike(window, "j")
    until(window, lambda: window.switch_to.active_element.tag_name == "a")
    first = window.switch_to.active_element.get_attribute("href")
    window.switch_to.active_element.send_keys("j")
    second = window.switch_to.active_element.get_attribute("href")
    assert first != second
    window.switch_to.active_element.send_keys("k", Keys.ENTER)
    until(window, lambda: window.current_url == first)


def test_keys_decide_in_the_review_queue(window: webdriver.Chrome, site: Site) -> None:
    look(window, WIDE)
    window.get(f"{site.address}/console/review?kind=page_gone")
    strike(window, "j")
    until(window, lambda: window.switch_to.active_element.tag_name == "a")
    window.switch_to.active_element.send_keys(Keys.ENTER)
    until(window, lambda: "/console/review/3" in window.current_url)
    strike(window, "x")
    until(window, lambda: "belongs to no source any more" in window.page_source)
    window.get(f"{site.address}/console/review/2")
    strike(window, "e")
    until(window, lambda: window.switch_to.active_element.get_attribute("name") == "what")
    window.get(f"{site.address}/console/review/2")
    strike(window, "a")
    until(window, lambda: "Noise rule 2 is in force" in window.page_source)
    assert violations(window) == []


def test_the_first_tab_stop_skips_to_the_content(window: webdriver.Chrome, site: Site) -> None:
    window.get(f"{site.address}/console/incidents")
    window.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert window.switch_to.active_element.text == "Skip to the content"
    window.switch_to.active_element.send_keys(Keys.ENTER)
    assert window.switch_to.active_element.get_attribute("id") == "main"


def test_split_merge_and_resolve_with_a_mistake_told_beside_its_field(
    window: webdriver.Chrome, site: Site
) -> None:
    look(window, WIDE)
    window.get(f"{site.address}/console/incidents/RCL-1")
    Select(window.find_element(By.CSS_SELECTOR, "select[name=words]")).select_by_visible_text(
        "OrdersDbConnections"
    )
    window.find_element(By.XPATH, "//button[.='Split']").click()
    said = window.find_element(By.CSS_SELECTOR, "[role=status]").text
    assert "OrdersDbConnections is now RCL-3" in said
    window.get(f"{site.address}/console/incidents/RCL-3")
    window.find_element(By.CSS_SELECTOR, "form[action$='/merge'] input[name=words]").send_keys(
        "RCL-1", Keys.ENTER
    )
    until(window, lambda: "part of RCL-1" in window.find_element(By.TAG_NAME, "main").text)
    window.get(f"{site.address}/console/incidents/RCL-1/forms/resolve")
    window.find_element(By.ID, "f-cause").send_keys("the pool was too small")
    window.find_element(By.CSS_SELECTOR, "main form button:last-of-type").click()
    until(window, lambda: window.find_elements(By.ID, "wrong-fix"))
    field = window.find_element(By.ID, "f-fix")
    assert field.get_attribute("aria-invalid") == "true"
    assert window.find_element(By.ID, "f-cause").get_attribute("value") == "the pool was too small"
    picture(window, "console-form-error")
    field.send_keys("made the pool larger")
    window.find_element(By.CSS_SELECTOR, "main form button:last-of-type").click()
    until(window, lambda: "RCL-1 is resolved" in window.find_element(By.TAG_NAME, "main").text)


def test_a_lead_merges_and_splits_what_the_bot_proposes_and_undoes_it(
    tmp_path: Path, window: webdriver.Chrome, site: Site
) -> None:
    look(window, PHONE)
    with console_site(tmp_path, HOSTILE) as fresh:
        enter(window, fresh.link())
        try:
            window.get(f"{fresh.address}/console/review?kind=merge")
            window.find_element(By.CSS_SELECTOR, "main table a").click()
            until(window, lambda: window.current_url.endswith("/console/review/6"))
            strike(window, "a")
            until(window, lambda: "RCL-2 is now part of RCL-1" in main_text(window))
            assert (
                "CacheCold"
                in window.find_element(By.ID, "side-RCL-1").find_element(By.XPATH, "..").text
            )
            assert violations(window) == []
            press(window, "Undo this merge")
            until(window, lambda: "What came from RCL-2 is now RCL-3" in main_text(window))
            window.get(f"{fresh.address}/console/review/7")
            assert "OrdersDbConnections" in main_text(window)
            assert "would leave" in main_text(window)
            press(window, "Split it")
            until(window, lambda: "RCL-4 was split off from RCL-1" in main_text(window))
            window.get(f"{fresh.address}/console/review")
            assert violations(window) == []
            press(window, "Undo split 7")
            until(window, lambda: "RCL-4 is part of RCL-1 again" in main_text(window))
            assert no_dialog(window)
        finally:
            enter(window, site.link())


@pytest.mark.parametrize(
    "page", ["tokens", "review", "incidents", "incidents/RCL-1", "actions", "settings", "links"]
)
def test_on_a_phone_each_row_is_a_card_and_nothing_scrolls_sideways(
    window: webdriver.Chrome, site: Site, page: str
) -> None:
    look(window, PHONE)
    window.get(f"{site.address}/console/{page}")
    tables = window.find_elements(By.CSS_SELECTOR, "main .scroll")
    assert tables
    for table in tables:
        inner, outer = (table.get_property(name) for name in ("scrollWidth", "clientWidth"))
        assert isinstance(inner, int)
        assert isinstance(outer, int)
        assert inner <= outer, table.text
    first = window.find_element(By.CSS_SELECTOR, "main tbody tr")
    cells = first.find_elements(By.TAG_NAME, "td")
    assert len(cells) > 1
    assert len({cell.location["x"] for cell in cells}) == 1


def report(title: str) -> dict[str, Any]:
    """12 that would get the page, 2 right answers that would be lost."""

    def row(number: int, before: str | None) -> dict[str, Any]:
        return {
            "id": "RCL-1" if number == 0 else f"INC-{number}",
            "title": title,
            "at": "2026-03-01T03:00:00+00:00",
            "url": f"https://wiki.example.net/incidents/{number}" if number % 2 else None,
            "before": before,
            "after": "checkout/slow",
            "right": [before] if before else [],
        }

    gets = [row(number, "orders/pool" if number < 2 else None) for number in range(12)]
    return {
        "document_id": "checkout/slow",
        "cases": 2_000,
        "known": 1_431,
        "searched": 96,
        "counts": {"gets": 12, "leaves": 0, "lost": 2, "won": 0},
        "gets": gets,
        "leaves": [],
        "lost": gets[:2],
        "won": [],
    }


def test_the_effect_of_an_edit_is_shown_before_it_is_published(
    window: webdriver.Chrome, site: Site
) -> None:
    look(window, WIDE)
    site.engine.previewed = {"state": "running", "done": 640, "total": 2_000}
    window.get(f"{site.address}/console/runbooks/edit/checkout/slow")
    window.find_element(By.ID, "text").send_keys(" Look again.")
    press(window, "Effect on the past")
    until(window, lambda: window.find_elements(By.ID, "impact-progress"))
    assert str(site.engine.previews[0]["text"]).count("Look again.") == 1
    assert violations(window) == []
    site.engine.previewed = {
        "state": "done",
        "done": 2_000,
        "total": 2_000,
        "report": report(f"Checkout was slow {HOSTILE}"),
    }
    sentence = "12 past incidents would now get this page; 2 right answers would be lost."
    until(window, lambda: sentence in window.find_element(By.ID, "impact").text)
    assert no_dialog(window)
    assert not window.find_elements(By.CSS_SELECTOR, "#impact img")
    for size, scheme in ((WIDE, "light"), (WIDE, "dark"), (PHONE, "light")):
        look(window, size, scheme)
        assert violations(window) == []
    wide = window.execute_script("return document.documentElement.scrollWidth")
    assert wide <= PHONE[0]
    asked = len(site.engine.previews)
    look(window, WIDE)
    window.execute_async_script("setTimeout(arguments[arguments.length - 1], 1200)")
    assert len(site.engine.previews) == asked  # what is done is not asked for again


def test_a_preview_is_cancelled_and_the_page_published_without(
    window: webdriver.Chrome, site: Site
) -> None:
    look(window, WIDE)
    site.engine.previewed = {"state": "running", "done": 1, "total": 2_000}
    window.get(f"{site.address}/console/runbooks/edit/checkout/slow")
    press(window, "Effect on the past")
    until(window, lambda: window.find_elements(By.ID, "impact-progress"))
    press(window, "Cancel")
    until(window, lambda: "was cancelled" in window.find_element(By.ID, "impact").text)
    site.engine.previewed = None
    press(window, "Effect on the past")
    until(window, lambda: "You can publish all the same" in impact_text(window))
    press(window, "Publish")
    until(window, lambda: "in version 1" in window.find_element(By.TAG_NAME, "main").text)


def test_an_administrator_writes_a_secret_that_no_page_shows(
    window: webdriver.Chrome, site: Site
) -> None:
    secret = "canary-Zq7rT2-secret"
    look(window, PHONE)
    enter(window, site.link(Role.ADMIN))
    try:
        window.get(f"{site.address}/console/settings")
        Select(window.find_element(By.CSS_SELECTOR, "select[name=source]")).select_by_visible_text(
            "Grafana"
        )
        field = window.find_element(By.NAME, "secret")
        assert field.get_attribute("type") == "password"
        field.send_keys(secret, Keys.ENTER)
        until(window, lambda: "It is not shown again" in window.page_source)
        assert secret not in window.page_source
        assert secret not in window.current_url
        assert violations(window) == []
        window.find_element(By.CSS_SELECTOR, "button[aria-label$='of Grafana']").click()
        until(window, lambda: "of grafana is gone" in window.page_source)
    finally:
        enter(window, site.link())


@pytest.mark.skipif(not PICTURES, reason="pictures are taken with SCREENSHOTS=docs/images")
def test_pictures(tmp_path: Path, window: webdriver.Chrome) -> None:
    with console_site(tmp_path, "") as calm:
        window.get(calm.link())
        window.find_element(By.CSS_SELECTOR, "main button").click()
        for page in PICTURED:
            for size, suffix in ((WIDE, ""), (PHONE, "-phone")):
                look(window, size)
                window.get(f"{calm.address}/console/{page}")
                name = page.split("/")[0] if page.count("/") == 0 else page.replace("/", "-")
                picture(window, f"console-{name.lower()}{suffix}")
        calm.engine.previewed = {
            "state": "done",
            "done": 2_000,
            "total": 2_000,
            "report": report("Checkout answered slowly after the sale began"),
        }
        for size, suffix in ((WIDE, ""), (PHONE, "-phone")):
            look(window, size)
            window.get(f"{calm.address}/console/runbooks/edit/checkout/slow")
            press(window, "Effect on the past")
            until(window, lambda: "right answers would be lost" in impact_text(window))
            window.execute_script("document.getElementById('impact').scrollIntoView()")
            picture(window, f"console-impact{suffix}")
            window.get(f"{calm.address}/console/settings")
            window.execute_script("document.getElementById('models').scrollIntoView()")
            picture(window, f"console-models{suffix}")
        enter(window, calm.link(Role.ADMIN))
        for size, suffix in ((WIDE, ""), (PHONE, "-phone")):
            look(window, size)
            window.get(f"{calm.address}/console/settings")
            window.execute_script("document.getElementById('secrets').scrollIntoView()")
            picture(window, f"console-secrets{suffix}")
        window.delete_all_cookies()
        for size, suffix in ((WIDE, ""), (PHONE, "-phone")):
            look(window, size)
            window.get(f"{calm.address}/console/login")
            picture(window, f"console-login{suffix}")
