"""`recall demo` as a newcomer meets it: a real process, its page in a real browser.

`SCREENSHOTS=docs/images` also takes the pictures of the documentation.
"""

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from bot.demo.story import load_story
from tests.support.browsing import NEEDS_CHROMIUM, PHONE, PICTURES, WIDE, Page, open_browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.processes,
    NEEDS_CHROMIUM,
]
SEED = 2
STORY = load_story()
START_SECONDS = 120.0
STORY_SECONDS = 180.0
PASTE = (
    "const data = new DataTransfer(); data.setData('text/plain', arguments[1]);"
    "arguments[0].dispatchEvent("
    "new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));"
)
CAPTIONS = (
    "window.told = []; document.addEventListener('DOMContentLoaded', () => {"
    "const line = document.getElementById('caption'); if (!line) return;"
    "const note = () => window.told.push(line.textContent); note();"
    "new MutationObserver(note).observe(line, {childList: true, subtree: true}); });"
)
"""Runs before the page's own script: the story begins as soon as the page is there."""


class Demo:
    """One run of `recall demo`."""

    def __init__(self, pause: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--seed", f"{SEED}", "--pause", f"{pause}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.told: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.address = self._line("the workspace: ").removeprefix("the workspace: ")
        except BaseException:
            self.end()
            raise

    def end(self) -> int:
        """As Ctrl-C does; gives the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def processes(self) -> list[int]:
        """The process, its children and theirs."""
        parents = dict(_parents())
        found = [self._process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as out:
            for line in out:
                self._lines.put(line.strip())
        self._lines.put("")

    def _line(self, start: str) -> str:
        while True:
            line = self._lines.get(timeout=START_SECONDS)
            self.told.append(line)
            assert line, f"recall demo ended: {self.told}"
            if line.startswith(start):
                return line


def _parents() -> Iterator[tuple[int, int]]:
    """Every process and its parent; those that have ended but are not reaped are left out."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue  # It ended while it was looked at.
            if state != "Z":
                yield int(entry.name), int(parent)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    running = Demo(pause=0.4)
    yield running
    running.end()


@pytest.fixture(scope="module")
def told(browser: webdriver.Chrome, demo: Demo) -> list[str]:
    """Every caption of the story, which has been played to its end."""
    page = Page(browser, demo.address)
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": CAPTIONS})
    page.open(WIDE)
    page.until(lambda: "now it is yours" in page.text("#caption"), STORY_SECONDS)
    captions: list[str] = browser.execute_script("return window.told")
    return captions


def test_the_story_plays_to_its_end_and_tells_what_is_seen(
    browser: webdriver.Chrome, demo: Demo, told: list[str]
) -> None:
    page = Page(browser, demo.address)
    times = [line.split()[0][:4] for line in told if line[:1].isdecimal()]
    minutes = "0:10 0:30 0:50 1:10 1:30 1:50 2:15 2:30 2:40 2:50"
    assert list(dict.fromkeys(times)) == minutes.split()
    assert not any("did not happen" in line for line in told)
    wanted = ["Resolved: CheckoutHighErrorRate", "Worked: Restart a service", "Alert storm is over"]
    wanted += ["Resolved: PaymentsApiHighErrorRate", "Three causes fit"]
    cards = [card.text for card in page.all("#messages .card")]
    assert len(cards) == len(wanted), cards
    for words in wanted:
        assert sum(words in card for card in cards) == 1, words
    assert "Three causes fit" in cards[-1]
    assert not any("VaultSeal" in card or "Thumbnail" in card for card in cards)
    page.is_calm()


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("size", "label", "alert"),
    [
        pytest.param(
            WIDE, "Standby falls behind", "Standby of orders-db is 9 minutes", id="1280x800"
        ),
        pytest.param(PHONE, "502 at the edge", "7% of the requests at the edge", id="390x844"),
    ],
)
def test_a_newcomer_asks_pastes_presses_and_fires(
    browser: webdriver.Chrome, demo: Demo, size: tuple[int, int], label: str, alert: str
) -> None:
    page = Page(browser, demo.address)
    narrow = size == PHONE
    page.open(size)

    # the same page serves both sizes, so the question may stand there once already
    there = page.count("#messages .message")
    question = "@recall replay on the standby of orders-db stands still"
    page.find("#composer-main").send_keys(question, Keys.ENTER)
    asked = "#messages .message:last-child"
    page.until(lambda: page.count("#messages .message") > there)
    page.until(lambda: "stands still" in page.text(asked) and "1 reply" in page.text(asked))
    page.find(f"{asked} .thread-link").click()
    page.until(lambda: "Seen before" in page.text("#replies") or "fit" in page.text("#replies"))
    page.press("Helpful", "#replies")
    page.until(lambda: "Helpful (1): @alice" in page.text("#replies"))
    page.find("#thread-close").click()

    page.fire(label)
    page.until(lambda: alert in page.all("#messages .card")[-1].text)

    before = page.count("#messages .message")
    page.fire("Nothing in memory about this")
    assert "the channel stays silent" in page.text("#caption")
    assert page.count("#messages .message") == before

    page.press("Bob", _people(page, narrow))
    page.until(lambda: page.count('.person[aria-checked="true"]') == 1)
    page.is_calm()


@pytest.mark.usefixtures("told")
def test_a_log_pasted_under_a_card_settles_what_it_is(
    browser: webdriver.Chrome, demo: Demo
) -> None:
    page = Page(browser, demo.address)
    page.open(WIDE)
    cards = "#messages .message:has(.card)"
    before = page.count(cards)
    page.fire("Next Thursday, 03:12")
    page.until(lambda: page.count(cards) > before)
    card = page.all(cards)[-1]
    assert "Three causes fit" in card.text
    card_id = card.get_attribute("id")
    page.browser.execute_script("arguments[0].scrollIntoView()", card)
    card.find_element(By.CSS_SELECTOR, ".content").click()
    page.until(lambda: page.all("[aria-label='Reply in thread']")[-1].is_displayed())
    page.all("[aria-label='Reply in thread']")[-1].click()
    box = page.until(lambda: page.find("#composer-thread"))
    cause = STORY.true_cause(SEED)
    page.browser.execute_script(PASTE, box, cause.evidence_log)
    box.send_keys(Keys.ENTER)
    page.until(lambda: page.count("#replies .card") == 2)
    assert cause.expected_incident in page.all("#replies .card")[-1].text
    page.until(lambda: "Seen before" in page.text(f'[id="{card_id}"]'))
    page.is_calm()


@pytest.mark.usefixtures("told")
def test_a_node_fails_and_its_alerts_are_one_message(browser: webdriver.Chrome, demo: Demo) -> None:
    page = Page(browser, demo.address)
    page.open(WIDE)
    page.fire(STORY.storm.label)
    page.until(lambda: f"Alert storm: {STORY.storm.alerts} alerts" in page.text("#messages"))
    page.is_calm()


@pytest.mark.usefixtures("told")
def test_a_visitor_mends_it_with_an_action_that_another_person_approves(
    browser: webdriver.Chrome, demo: Demo
) -> None:
    page = Page(browser, demo.address)
    page.open(WIDE)
    message = asks_for_it(page)
    card = f"{message} .card"
    # As in the story, and what was run in the story itself counts by now.
    assert "cleared 6 of 7 within 15 min, 1 got worse" in page.text(card)
    page.press("Approve", card)
    page.until(lambda: "1 reply" in page.text(message))
    assert "Waits for approval" in page.text(card)
    page.press("Bob", "#whoami")
    page.press("Approve", card)
    page.until(lambda: "Worked" in page.text(card))
    assert "Verified by the condition itself" in page.text(card)
    page.press("Alice", "#whoami")
    page.is_calm()


def asks_for_it(page: Page) -> str:
    """The cause is there again; ask for what mends it, in the words that the page tells. Gives
    the selector of the request's message, below which others may come at any time."""
    fix = STORY.true_cause(SEED).action
    page.fire("Mend it yourself")
    page.until(lambda: "/recall act" in page.text("#caption"))
    there = {one.get_attribute("id") for one in page.all("#messages .message")}
    command = page.text("#caption").removeprefix("Type ").partition(" as one person")[0]
    page.find("#composer-main").send_keys(command, Keys.ENTER)
    page.until(lambda: page.count("dialog.modal") == 1)
    [value] = fix.parameters.values()
    chosen = page.find(f"dialog.modal select option[value='{value}']")
    chosen.click()
    page.find("dialog.modal button.primary").click()
    page.until(lambda: "This will run" in page.text("dialog.modal"))
    assert fix.command in page.text("dialog.modal")
    page.find("dialog.modal button.primary").click()
    page.until(lambda: "is asked for" in page.text("dialog.modal"))
    page.press("Close", "dialog.modal")

    def request() -> str | None:
        new = [
            one for one in page.all("#messages .message") if one.get_attribute("id") not in there
        ]
        waiting = (one.get_attribute("id") for one in new if "Waits for approval" in one.text)
        return next(waiting, None)

    return f'[id="{page.until(request)}"]'


def test_ctrl_c_leaves_nothing_running(demo: Demo) -> None:
    processes = demo.processes()
    assert len(processes) > 3
    assert demo.end() == 0
    deadline = time.monotonic() + 20
    while alive := {pid for pid, _ in _parents()} & set(processes):
        assert time.monotonic() < deadline, alive
        time.sleep(0.1)


@pytest.mark.skipif(not PICTURES, reason="SCREENSHOTS names no folder for the pictures")
def test_the_pictures_of_the_documentation(browser: webdriver.Chrome) -> None:
    running = Demo(pause=8)
    try:
        page = Page(browser, running.address)
        page.open((1360, 1000))
        told = partial(page.text, "#caption")
        page.until(lambda: "names them all" in told(), STORY_SECONDS)
        page.picture("card-several-causes", "#messages .card")
        page.until(lambda: "edited in place" in told(), STORY_SECONDS)
        page.find(".thread-link").click()
        page.until(lambda: page.count("#replies .card") == 2)
        page.show("#replies .message:last-child")
        page.picture("story")
        page.find("#thread-close").click()
        page.until(lambda: "why the nearest" in told(), STORY_SECONDS)
        page.show("#messages .message:last-child .thread-link")
        page.find("#messages .message:last-child .thread-link").click()
        page.until(lambda: page.count("#replies .card") == 1)
        page.picture("answer-not-seen-before", "#replies .card")
        page.find("#thread-close").click()
        page.until(lambda: "short now" in told(), STORY_SECONDS)
        page.show("#messages .card")
        page.picture("card-resolved", "#messages .card")
        page.until(lambda: "now it is yours" in told(), STORY_SECONDS)
        page.open(PHONE, scale=2)
        page.until(lambda: page.count("#messages .card") == 5)
        page.picture("card-on-a-phone")
        page.open((1360, 1000))
        page.fire(STORY.storm.label)
        page.until(lambda: f"Alert storm: {STORY.storm.alerts}" in page.text("#messages"))
        page.picture("storm", "#messages .card", words="Alert storm: ")
        page.open(PHONE, scale=2)
        page.until(lambda: "Alert storm: " in page.text("#messages"))
        page.picture("storm-on-a-phone", "#messages .card", words="Alert storm: ")
        page.open((1360, 1000))
        card = f"{asks_for_it(page)} .card"
        page.picture("action-request", card)
        page.open(PHONE, scale=2)
        page.until(lambda: page.count(card) == 1)
        page.picture("action-on-a-phone", card)
        page.open((1360, 1000))
        page.press("Bob", "#whoami")
        page.press("Approve", card)
        page.until(lambda: "Output" in page.text(card))
        page.picture("action-running", card)
        page.until(lambda: "Worked" in page.text(card))
        page.picture("action-worked", card)
    finally:
        running.end()


def _people(page: Page, narrow: bool) -> str:
    if narrow:
        page.find("#menu").click()
        page.until(lambda: page.find("#whoami").is_displayed())
    return "#whoami"
