"""The workspace's page in a real browser: safe with hostile text, usable by mouse and keyboard."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.workspace import DemoButton, LocalWorkspace, Room

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMEDRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and CHROMEDRIVER), reason="Chromium and ChromeDriver are not installed"
    ),
]
OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1280,800"
)
HOSTILE = [
    "<script>window.pwned = 1</script>",
    '"><img src=x onerror="window.pwned = 1">',
    "<javascript:window.pwned=1|click me>",
    '<https://example.org/"onmouseover="window.pwned=1|link>',
    "```</code></pre><script>window.pwned = 1</script>```",
    "*<b onclick=alert(1)>bold</b>* _<i>i</i>_ `</code><svg onload=alert(1)>`",
    "&lt;script&gt;window.pwned = 1&lt;/script&gt; <!channel> <@U0|<b>x</b>>",
    "<data:text/html,<script>alert(1)</script>|x>",
]


class Page:
    """A browser window on the workspace."""

    def __init__(self, browser: webdriver.Chrome, ws: LocalWorkspace) -> None:
        self.browser = browser
        self.ws = ws

    def open(self, *, viewer: str = "alice", channel: str = "incidents", thread: str = "") -> None:
        place = f"as={viewer}&channel={self.ws.channel_id(channel)}&thread={thread}"
        self.browser.get("about:blank")
        self.browser.get(f"{self.ws.base_url}/#{place}")
        self.until(lambda: self.find("#room-name").text == f"#{channel}")

    def find(self, css: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def count(self, css: str) -> int:
        return len(self.browser.find_elements(By.CSS_SELECTOR, css))

    def until(self, condition: Any) -> Any:
        return WebDriverWait(self.browser, 10, 0.05).until(lambda _: condition())

    def press(self, words: str, within: str = "body") -> None:
        def button() -> WebElement | None:
            found = self.find(within).find_elements(By.TAG_NAME, "button")
            return next(
                (b for b in found if words in b.text.split("\n") and b.is_displayed()), None
            )

        self.until(button).click()

    def text(self, css: str = "#messages") -> str:
        return self.find(css).text


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    profile: Path = tmp_path_factory.mktemp("profile")
    for option in [*OPTIONS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(str(CHROMEDRIVER)), options=options)
    yield driver
    driver.quit()


@pytest.fixture
def ws() -> Iterator[LocalWorkspace]:
    fire = DemoButton("fire", "Fire an alert", "", lambda: None)
    rooms = ("incidents", Room("general"))
    with LocalWorkspace(channels=rooms, demo_buttons=[fire]) as workspace:
        yield workspace


@pytest.fixture
def page(browser: webdriver.Chrome, ws: LocalWorkspace) -> Page:
    return Page(browser, ws)


@pytest.fixture
def client(ws: LocalWorkspace) -> WebClient:
    return WebClient(ws.bot_token, base_url=ws.api_url)


@pytest.fixture
def app(ws: LocalWorkspace) -> Iterator[App]:
    made = App(client=WebClient(ws.bot_token, base_url=ws.api_url))
    handler = SocketModeHandler(
        made, ws.app_token, web_client=WebClient(ws.app_token, base_url=ws.api_url)
    )
    handler.connect()
    ws.wait_until_connected()
    yield made
    # close() takes three seconds to notice; nothing here waits for it.
    threading.Thread(target=handler.close, daemon=True).start()


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def button(words: str, action_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(words), "action_id": action_id, **more}


def test_hostile_text_stays_text_everywhere(page: Page, client: WebClient) -> None:
    alice = page.ws.user("alice")
    for number, text in enumerate(HOSTILE):
        alice.says("incidents", text)
        blocks = [
            {"type": "header", "text": plain(text[:150])},
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": text}]},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]},
            {"type": "markdown", "text": text},
            {"type": "image", "image_url": "https://example.org/x", "alt_text": text},
            {"type": "actions", "elements": [button(text[:75], f"a{number}", url=text)]},
        ]
        client.chat_postMessage(channel="#incidents", text=text, blocks=blocks)
        page.ws.other_app("hook").posts(
            "incidents", text, attachments=[{"title": text, "title_link": text, "text": text}]
        )
    alice.uploads("incidents", HOSTILE[1], HOSTILE[0])
    page.open()
    page.until(lambda: page.count("#messages .message") == 3 * len(HOSTILE) + 1)
    for marker in page.browser.find_elements(By.CSS_SELECTOR, "#messages summary"):
        marker.click()
    page.until(lambda: "window.pwned" in page.text("#messages .file pre"))
    assert page.browser.execute_script("return window.pwned") is None
    assert page.count("#messages script, #messages img, #messages b, #messages i") == 0
    assert page.count("#messages [onclick], #messages [onerror], #messages [onload]") == 0
    links = page.browser.find_elements(By.CSS_SELECTOR, "#messages a")
    assert all(str(link.get_attribute("href")).startswith("https://") for link in links)
    severe = [entry for entry in page.browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []


def test_a_person_types_and_the_bot_answers_in_the_thread(page: Page, app: App) -> None:
    @app.event("app_mention")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(text="Not seen before.", thread_ts=event["ts"])

    page.open()
    box = page.find("#composer-main")
    box.send_keys("@rec")
    page.until(lambda: page.count(".name") == 1)
    box.send_keys(Keys.ENTER, "seen this?", Keys.ENTER)
    page.until(lambda: page.count(".thread-link") == 1)
    page.find(".thread-link").click()
    page.until(lambda: "Not seen before." in page.text("#replies"))
    assert page.ws.messages("incidents")[0].text == f"<@{page.ws.bot.id}> seen this?"


def test_a_pasted_log_becomes_a_code_block_and_a_long_one_a_file(page: Page) -> None:
    page.open()
    paste = (
        "const data = new DataTransfer(); data.setData('text/plain', arguments[0]);"
        "document.getElementById('composer-main').dispatchEvent("
        "new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));"
    )
    box = page.find("#composer-main")
    page.browser.execute_script(paste, "a <1>\nb\nc\nd\n")
    box.send_keys(Keys.ENTER)
    page.until(lambda: page.count("#messages pre") == 1)
    assert page.ws.messages("incidents")[0].text.strip() == "```\na &lt;1&gt;\nb\nc\nd\n```"
    long = "2026-01-01 ERROR out of slots\n" * 3000
    page.browser.execute_script(paste, long)
    box.send_keys("look", Keys.ENTER)
    page.until(lambda: page.count("#messages .file") == 1)
    message = page.ws.messages("incidents")[1]
    assert (message.text, message.files[0]["size"]) == ("look", len(long))


def test_a_click_opens_a_modal_that_shows_errors_at_the_field(page: Page, app: App) -> None:
    field = {
        "type": "input",
        "block_id": "cause",
        "label": plain("Cause"),
        "element": {"type": "plain_text_input", "action_id": "t"},
    }
    modal = {
        "type": "modal",
        "callback_id": "resolve",
        "title": plain("Resolve"),
        "submit": plain("Save"),
        "blocks": [field],
    }
    causes: list[str] = []

    @app.action("resolve")
    def show(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal)

    @app.view("resolve")
    def save(ack: Ack, view: dict[str, Any]) -> None:
        causes.append(view["state"]["values"]["cause"]["t"]["value"])
        if len(causes) == 1:
            ack(response_action="errors", errors={"cause": "Which client?"})
        else:
            ack()

    confirm = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes please")}
    resolve = button("Resolve", "resolve", confirm={**confirm, "deny": plain("No")})
    app.client.chat_postMessage(
        channel="#incidents", text="card", blocks=[{"type": "actions", "elements": [resolve]}]
    )
    page.open()
    page.press("Resolve", "#messages")
    page.press("Yes please")
    page.until(lambda: page.count("dialog.modal") == 1)
    page.find("dialog input").send_keys("a client")
    page.press("Save", "dialog")
    page.until(lambda: page.count(".error") == 1)
    assert page.text(".error") == "Which client?"
    assert page.find("dialog input").get_attribute("value") == "a client"
    page.press("Save", "dialog")
    page.until(lambda: page.count("dialog") == 0)
    assert causes == ["a client", "a client"]


def test_what_only_alice_may_see_is_gone_when_bob_looks(page: Page, client: WebClient) -> None:
    client.chat_postEphemeral(
        channel=page.ws.channel_id("incidents"), user=page.ws.user("alice").id, text="for you"
    )
    page.open()
    page.until(lambda: "for you" in page.text())
    page.press("Bob", "#whoami")
    page.until(lambda: "for you" not in page.text())


def test_an_edit_changes_the_message_in_place(page: Page, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#incidents", text="before")
    page.open()
    page.until(lambda: "before" in page.text())
    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="after")
    page.until(lambda: "after" in page.text() and "edited" in page.text())
    assert page.count("#messages .message") == 1


def test_the_keyboard_focus_survives_an_edit_of_the_card(page: Page, app: App) -> None:
    @app.action("helpful")
    def helpful(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        blocks = [{"type": "actions", "elements": [button("Helpful, thanks", "helpful")]}]
        ts, channel = body["message"]["ts"], body["channel"]["id"]
        client.chat_update(channel=channel, ts=ts, text="edited", blocks=blocks)

    blocks = [{"type": "actions", "elements": [button("Helpful", "helpful")]}]
    app.client.chat_postMessage(channel="#incidents", text="card", blocks=blocks)
    page.open()
    page.until(lambda: page.count("#messages [data-action=helpful]") == 1)
    page.find("#messages [data-action=helpful]").send_keys(Keys.ENTER)
    page.until(lambda: "thanks" in page.text())
    page.until(lambda: page.browser.switch_to.active_element.text == "Helpful, thanks")


def test_a_phone_needs_no_sideways_scrolling(page: Page, client: WebClient) -> None:
    code = {"type": "mrkdwn", "text": "```" + "wide " * 80 + "```\n`" + "x" * 200 + "`"}
    actions = [button("A long label on a button", f"a{n}") for n in range(6)]
    client.chat_postMessage(
        channel="#incidents",
        text="card",
        blocks=[{"type": "section", "text": code}, {"type": "actions", "elements": actions}],
    )
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.open()
        page.until(lambda: page.count(".card") == 1)
        widths = page.browser.execute_script(
            "return [document.documentElement, document.getElementById('messages'),"
            " document.querySelector('pre')]"  # a command that is to be approved is seen whole
            ".map((node) => node.scrollWidth - node.clientWidth)"
        )
        page.find("#menu").click()
        page.until(lambda: page.find("#whoami").is_displayed())
        page.press("general", "#channels")
        page.until(lambda: page.text("#room-name") == "#general")
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert widths == [0, 0, 0]


def test_the_app_at_work_and_what_it_says_to_one_person_are_shown(
    page: Page, client: WebClient
) -> None:
    asked = page.ws.user("alice").mentions_bot("incidents", "orders are slow")
    where = {"channel": asked.channel, "thread_ts": asked.ts}
    page.open(thread=asked.ts)
    client.assistant_threads_setStatus(
        channel_id=asked.channel,
        thread_ts=asked.ts,
        status="is searching",
        loading_messages=["Reading runbooks"],
    )
    page.until(lambda: "Recall is searching\nReading runbooks" in page.text("#help-thread"))
    page.until(lambda: "Recall is searching" in page.text("#messages"))
    alice = page.ws.user("alice").id
    client.chat_postEphemeral(**where, user=alice, text="I found a draft")
    page.until(lambda: "I found a draft\nOnly visible to you" in page.text("#replies"))
    client.chat_postMessage(**where, text="Seen before")
    page.until(lambda: not page.find("#help-thread").is_displayed())
    assert "is searching" not in page.text("#messages")


def test_pins_and_bookmarks_stand_on_top_and_lead_to_what_they_name(
    page: Page, client: WebClient
) -> None:
    here = page.ws.channel_id("incidents")
    card = client.chat_postMessage(channel=here, text="INC-7 &lt;orders&gt; are slow")
    client.pins_add(channel=here, timestamp=card["ts"])
    link = "https://runbooks.example/orders"
    client.bookmarks_add(channel_id=here, title="Orders runbook", type="link", link=link)
    page.open()
    page.until(lambda: page.find("#marks").is_displayed())
    assert page.find("#marks a").get_attribute("href") == link
    page.find("#marks summary").click()
    page.press("INC-7 <orders> are slow", "#marks")
    page.until(lambda: page.count(f"[id='m-{card['ts']}'].changed") == 1)


def test_prompts_are_said_and_feedback_is_given_with_a_click(page: Page, app: App) -> None:
    given = []

    @app.event("app_home_opened")
    def suggest(event: dict[str, Any], client: WebClient) -> None:
        client.assistant_threads_setSuggestedPrompts(
            channel_id=event["channel"],
            prompts=[{"title": "What is open?", "message": "Which incidents are open?"}],
        )

    @app.event("message")
    def answer(event: dict[str, Any], client: WebClient) -> None:
        good = {"text": plain("Good answer"), "value": "good"}
        bad = {"text": plain("Bad answer"), "value": "bad"}
        element = {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": good,
            "negative_button": bad,
        }
        blocks = [
            {"type": "section", "text": {"type": "mrkdwn", "text": "None is open."}},
            {"type": "context_actions", "elements": [element]},
        ]
        client.chat_postMessage(
            channel=event["channel"], thread_ts=event["ts"], text="none", blocks=blocks
        )

    @app.action("feedback")
    def feedback(ack: Ack, action: dict[str, Any]) -> None:
        ack()
        given.append(action["value"])

    page.open()
    page.press("Recall", "#channels")
    page.press("What is open?", "#help-main")
    page.until(lambda: "Which incidents are open?" in page.text())
    assert not page.find("#help-main").is_displayed()
    page.press("1 reply")
    page.press("Bad answer", "#replies")
    page.until(lambda: given == ["bad"])
