"""The workspace's page in a real browser: how tests look at it, press, and take pictures.

`SCREENSHOTS=docs/images` has the tests save the pictures of the documentation.
"""

import base64
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMEDRIVER = shutil.which("chromedriver")
NEEDS_CHROMIUM = pytest.mark.skipif(
    not (CHROMIUM and CHROMEDRIVER), reason="Chromium and ChromeDriver are not installed"
)
PICTURES = os.environ.get("SCREENSHOTS", "")
PATIENCE = 60.0  # for a machine on which all else runs as well
_A_PRESS = 5.0
WIDE, PHONE = (1280, 800), (390, 844)
OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars"
)


class Page:
    """A browser window on a workspace."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser = browser
        self.address = address

    def open(self, size: tuple[int, int], scale: float = 1.0, viewer: str = "alice") -> None:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale}
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": width < 720}
        )
        self.browser.get("about:blank")
        self.browser.get(f"{self.address}#as={viewer}")
        self.until(lambda: self.count("#whoami .person") == 2)
        self.press_channel("incidents", narrow=width < 720)

    def press_channel(self, name: str, *, narrow: bool) -> None:
        def the_list() -> None:
            if narrow and not self.find("#whoami").is_displayed():
                self.find("#menu").click()

        self.press_until(lambda: self.text("#room-name") == f"#{name}", name, the_list)

    def press_until(
        self, there: Callable[[], Any], name: str, before: Callable[[], None] = lambda: None
    ) -> None:
        """Press a place in the list, again where the list was drawn anew under the pointer."""

        def pressed() -> bool:
            self.settles()
            before()
            self.press(name, "#channels")
            try:
                return bool(self.until(there, _A_PRESS))
            except TimeoutException:
                return False

        self.until(lambda: there() or pressed())

    def all(self, css: str) -> list[WebElement]:
        found: list[WebElement] = self.browser.find_elements(By.CSS_SELECTOR, css)
        return found

    def find(self, css: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def count(self, css: str) -> int:
        return len(self.all(css))

    def text(self, css: str) -> str:
        return str(self.find(css).text)

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        ignored = [StaleElementReferenceException]
        return WebDriverWait(self.browser, seconds, 0.05, ignored).until(lambda _: condition())

    def show(self, css: str) -> None:
        """Scroll the element's beginning into sight."""
        self.browser.execute_script("arguments[0].scrollIntoView()", self.find(css))

    def press(self, words: str, within: str = "body") -> None:
        def button() -> WebElement | None:
            found = self.find(within).find_elements(By.TAG_NAME, "button")
            return next(
                (b for b in found if words in b.text.split("\n") and b.is_displayed()), None
            )

        self.until(button).click()

    def fire(self, label: str) -> None:
        """Choose an alert from the menu in the bar; returns once the page tells what came of it."""
        before = self.text("#caption")
        self.find("#demo-menu summary").click()
        self.press(label, "#demo-menu")
        self.until(lambda: self.text("#caption") != before)
        self.until(lambda: " fires: " not in self.text("#caption"))

    def picture(self, name: str, css: str = "", words: str = "") -> None:
        """A PNG of the window, or of the last such element that has the words, with a margin,
        once nothing moves. Kept where SCREENSHOTS names a folder."""
        self.settles()
        options: dict[str, Any] = {"format": "png"}
        if css:
            shown = [one for one in self.all(css) if words in one.text][-1]
            self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", shown)
            box = shown.rect
            margin = 8
            options["clip"] = {
                "x": box["x"] - margin,
                "y": box["y"] - margin,
                "width": box["width"] + 2 * margin,
                "height": box["height"] + 2 * margin,
                "scale": 1.5,
            }
        shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", options)
        if not PICTURES:
            return
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))

    def settles(self) -> None:
        """Until nothing moves any more: the mark of a change has faded, a list has slid away."""
        self.until(
            lambda: self.browser.execute_script(
                "return document.getAnimations().every((one) => one.playState !== 'running')"
            )
        )

    def is_calm(self) -> None:
        """No error in the console, no dialog, nothing to scroll sideways."""
        severe = [one for one in self.browser.get_log("browser") if one["level"] == "SEVERE"]
        assert severe == []
        assert self.count("dialog, .toast") == 0
        wider = self.browser.execute_script(
            "return [document.documentElement, ...document.querySelectorAll('.scroll, .demo')]"
            ".filter((node) => node.scrollWidth > node.clientWidth).length"
        )
        assert wider == 0


def open_browser(profile: Path) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for option in [*OPTIONS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(str(CHROMEDRIVER)), options=options)
