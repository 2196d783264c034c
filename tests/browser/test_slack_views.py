"""Every form, the home tab and the assistant pane on the workspace's page, on a phone's width too.

Each test looks at the page as a person does; with `SCREENSHOTS=docs/images` it keeps a picture.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from bot.demo.story import Story, StoryAlert, load_story
from bot.workspace.driver import Person
from bot.workspace.model import Message
from knowledge.embed.port import Embedder
from tests.support.browsing import NEEDS_CHROMIUM, PATIENCE, PHONE, WIDE, Page, open_browser
from tests.support.grading import graded_week
from tests.support.house import CHANNEL, House, text_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    NEEDS_CHROMIUM,
]
SHADOW = "general"
TALL = (1280, 1500)  # a whole form at once


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder) -> Iterator[House]:
    """Alice is a lead, Bob is on call."""
    with House(
        tmp_path_factory.mktemp("house"),
        real_embedder,
        leads=("alice",),
        RECALL_INCIDENT_CHANNELS="^inc-",
        RECALL_SHADOW_CHANNEL=SHADOW,
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def card(house: House, story: Story) -> Message:
    """The card of an incident that is like one past incident."""
    house.fires(named(story, "OrdersDbReplicationLag"))
    return house.card_that_says("OrdersDbReplicationLag")


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def look(browser: webdriver.Chrome, house: House, viewer: str, size: tuple[int, int]) -> Page:
    page = Page(browser, house.workspace.base_url)
    page.open(size, scale=2 if size == PHONE else 1, viewer=viewer)
    return page


def form(page: Page, title: str) -> None:
    """Until the form of that title is on the person's screen."""
    page.until(lambda: page.count("dialog.modal") == 1 and title in page.text("dialog.modal h2"))


def closes(page: Page) -> None:
    page.press("Cancel", "dialog.modal")
    page.until(lambda: page.count("dialog.modal") == 0)
    page.is_calm()


def fits(page: Page) -> None:
    """Nothing in the form has to be scrolled sideways, and no field is cut."""
    wide = page.browser.execute_script(
        "const box = document.querySelector('dialog.modal');"
        "return [box, ...box.querySelectorAll('*')]"
        ".filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth"
        " && getComputedStyle(one).overflowX !== 'visible'"
        " && !['SELECT', 'INPUT', 'PRE'].includes(one.tagName)).length"
    )
    assert wide == 0


@pytest.mark.parametrize("size", [TALL, PHONE], ids=["wide", "phone"])
def test_resolving_like_a_past_incident(
    browser: webdriver.Chrome, house: House, card: Message, size: tuple[int, int]
) -> None:
    page = look(browser, house, "bob", size)
    page.press("Resolve…", f'[id="m-{card.ts}"]')
    form(page, "Resolve RCL-1")
    like = next(one.text for one in page.all("dialog.modal button") if "Like INC-" in one.text)
    page.press(like, "dialog.modal")
    past = like.removeprefix("Like ")

    def filled() -> bool:
        boxes = page.all("dialog.modal textarea")
        return any(f"Like {past}:" in str(one.get_property("value")) for one in boxes)

    page.until(filled)
    fits(page)
    page.picture("form-resolve" if size == TALL else "form-resolve-on-a-phone", "dialog.modal")
    closes(page)


@pytest.mark.parametrize(
    ("command", "title", "picture"),
    [
        ("/recall propose RCL-1", "runbook edit", "form-runbook-edit"),
        ("/recall noise RCL-1", "noise rule", "form-noise-rule"),
        ("/recall snooze RCL-1", "Snooze", "form-snooze"),
    ],
)
def test_the_forms_that_commands_open(
    browser: webdriver.Chrome,
    house: House,
    card: Message,
    command: str,
    title: str,
    picture: str,
) -> None:
    page = look(browser, house, "bob", WIDE)
    house.person("bob").runs(command, CHANNEL)
    form(page, title)
    fits(page)
    page.picture(picture, "dialog.modal")
    closes(page)


def test_the_settings_of_a_channel(browser: webdriver.Chrome, house: House, card: Message) -> None:
    page = look(browser, house, "alice", TALL)
    house.person("alice").runs("/recall settings", CHANNEL)
    page.until(lambda: "How I behave in this channel" in page.text("#messages"))
    page.press("Change…", "#messages")
    form(page, "Settings")
    fits(page)
    page.picture("form-settings", "dialog.modal")
    closes(page)


@pytest.mark.parametrize(
    ("viewer", "says", "picture"),
    [("bob", "1 open", "home-on-call"), ("alice", "This week", "home-lead")],
)
def test_the_home_tab(
    browser: webdriver.Chrome, house: House, card: Message, viewer: str, says: str, picture: str
) -> None:
    house.person(viewer).runs("/recall ack RCL-1", CHANNEL)
    page = look(browser, house, viewer, WIDE)
    opens_the_app(page)
    page.press("Home", "#tabs")
    page.until(lambda: page.count(".home.card") == 1)
    page.until(lambda: says in page.text(".home.card"))
    page.picture(picture, ".home.card")
    page.is_calm()
    if viewer == "bob":
        page.press("Settings…", ".home.card")
        form(page, "settings")
        page.picture("form-my-settings", "dialog.modal")
        closes(page)


def opens_the_app(page: Page) -> None:
    page.press_until(lambda: page.count("#tabs .tab") > 1, "Recall")


def test_the_assistant_pane(browser: webdriver.Chrome, house: House, card: Message) -> None:
    page = look(browser, house, "bob", WIDE)
    opens_the_app(page)
    page.until(lambda: page.count("#help-main .prompts button") > 2)
    page.picture("pane-prompts")
    page.press("What is open now?", "#help-main")
    page.find("#composer-main").send_keys("orders-db standby is minutes behind", Keys.ENTER)
    page.until(lambda: page.count("#messages .thread-link") == 2)
    page.all("#messages .thread-link")[-1].click()
    page.until(lambda: page.count("#replies .card") == 1)
    page.until(lambda: page.count("#replies .feedback button, #replies .card button") > 1)
    page.picture("pane-answer")
    page.is_calm()


def test_a_proposal_for_the_timeline(
    browser: webdriver.Chrome, house: House, card: Message
) -> None:
    alice = house.person("alice")
    place = alice.creates_channel("inc-rcl-1-orders-db")
    own = house.workspace.wait_for(lambda: house.cards(place.id)[:1], PATIENCE)[0]
    alice.says(place.id, "failed over orders-db to the replica, lag is going down")
    house.workspace.wait_for(lambda: house.replies(own, place.id)[:1], PATIENCE)
    page = look(browser, house, "alice", PHONE)
    page.press_channel(place.name, narrow=True)
    page.find(f'[id="m-{own.ts}"] .thread-link').click()
    page.until(lambda: "For the timeline" in page.text("#replies"))
    page.show("#replies .message:last-child")
    page.picture("timeline-proposal")
    page.press("Add to timeline", "#replies")
    page.until(lambda: "In the timeline" in page.text("#replies"))


def test_a_card_in_the_shadow_channel(
    browser: webdriver.Chrome, house: House, card: Message, story: Story
) -> None:
    person: Person = house.person("alice")
    person.runs("/recall settings shadow", CHANNEL)

    def told() -> bool:
        seen = house.workspace.ephemeral(CHANNEL, person.id)
        return any("answers only in the shadow channel" in text_of(one) for one in seen)

    house.workspace.wait_for(told, PATIENCE)
    house.fires(named(story, "EdgeCertificateExpiring"))  # of nothing that RCL-1 is about
    house.workspace.wait_for(lambda: house.cards(SHADOW)[:1], PATIENCE)
    assert "Shadow of" in text_of(house.cards(SHADOW)[0])  # its channel by id, as on the wire
    page = look(browser, house, "alice", WIDE)
    page.press_channel(SHADOW, narrow=False)
    page.until(lambda: page.count("#messages .card") == 1)
    assert f"Shadow of #{CHANNEL}" in page.text("#messages .card")
    assert "Better silent" in page.text("#messages .card")
    page.picture("shadow-card", "#messages .card")
    page.is_calm()


def test_the_page_of_a_graded_week(browser: webdriver.Chrome, house: House) -> None:
    alice = house.person("alice")
    place = alice.creates_channel("shop-alerts")
    week = {"right": 45, "wrong": 1, "silent": 2, "ungraded": 10}
    now = datetime.now(UTC)
    graded_week(house.database, house.workspace.team_id, place.id, now, **week)
    page = look(browser, house, "alice", TALL)
    page.press_channel(place.name, narrow=False)
    alice.runs("/recall settings shadow", place.name)
    page.until(lambda: "From now on here: shadow" in page.text("#messages"))
    alice.runs("/recall settings", place.name)
    page.until(lambda: "45 of 48" in page.text("#messages"))
    assert "95 % interval" in page.text("#messages")
    assert "9.7 a day" in page.text("#messages")
    assert "speak for going on" in page.text("#messages")
    page.picture("settings", "#messages .card", words="How I behave")
    page.is_calm()
