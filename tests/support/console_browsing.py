"""The console's pages in a browser: which there are, how they are looked at, what axe-core says."""

import base64
from importlib.resources import files
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.browsing import PICTURES

WIDE, PHONE = (1280, 900), (390, 844)
PATIENCE = 15.0
PAGES = (
    "incidents",
    "incidents?state=all",
    "incidents/RCL-1",
    "incidents/RCL-1/forms/resolve",
    "incidents/RCL-1/forms/snooze",
    "incidents/RCL-1/forms/page_word",
    "incidents/RCL-1/forms/runbook_edit",
    "incidents/RCL-1/forms/noise_rule",
    "search",
    "answers/s1",
    "runbooks",
    "runbooks/page/checkout/slow",
    "runbooks/edit/checkout/slow",
    "runbooks/history/checkout/slow",
    "runbooks/new",
    "runbooks/page/orders/pool",
    "runbooks/history/orders/pool",
    "runbooks/history/orders/pool?old=2&new=1",
    "review",
    "review?kind=noise_rule",
    "review/1",
    "review/2",
    "review/3",
    "review/4",
    "review/5",
    "review?kind=merge",
    "review/6",
    "review/7",
    "links",
    "incidents/RCL-1/forms/record",
    "coverage",
    "actions",
    "actions/1",
    "tokens",
    "numbers",
    "settings",
    "login",
)
"""Below /console, on `console_site`."""
PICTURED = (
    "incidents",
    "incidents/RCL-1",
    "incidents/RCL-1/forms/page_word",
    "search",
    "runbooks/page/checkout/slow",
    "runbooks/edit/checkout/slow",
    "runbooks/history/orders/pool",
    "review",
    "review/1",
    "review/6",
    "links",
    "coverage",
    "numbers",
    "actions",
    "actions/1",
    "tokens",
    "settings",
)
"""Those of which pictures are taken."""


def strike(driver: webdriver.Chrome, key: str) -> None:
    """A key that the page itself answers to: while its script is not loaded it would be lost."""
    until(driver, lambda: driver.execute_script("return document.readyState") == "complete")
    driver.find_element(By.TAG_NAME, "body").send_keys(key)


def until(driver: webdriver.Chrome, condition: Any) -> None:
    # A page that is just being left gives elements that are gone: look again.
    gone = [StaleElementReferenceException]
    WebDriverWait(driver, PATIENCE, ignored_exceptions=gone).until(lambda _: condition())


def look(driver: webdriver.Chrome, size: tuple[int, int], scheme: str = "light") -> None:
    """The size of the window, and whether it is dark outside."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def picture(driver: webdriver.Chrome, name: str) -> None:
    if PICTURES:
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": False})
        Path(PICTURES, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def violations(driver: webdriver.Chrome) -> list[str]:
    """What axe-core finds wrong on the page, by WCAG 2.2 AA."""
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    driver.execute_script(script)
    found = driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',"
        " 'best-practice']}).then(done, (error) => done({violations: [{id: String(error),"
        " nodes: []}]}));"
    )
    return [
        f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]


def weight(driver: webdriver.Chrome) -> int:
    """Bytes of the page with its styles and scripts, unpacked, without images."""
    loaded: int = driver.execute_script(
        "return performance.getEntriesByType('navigation')"
        ".concat(performance.getEntriesByType('resource')"
        ".filter((one) => ['link', 'script'].includes(one.initiatorType)"
        " && !/[.](png|svg|ico)$/.test(new URL(one.name).pathname)))"
        ".reduce((sum, one) => sum + one.decodedBodySize, 0);"
    )
    assert loaded > 1_000
    return loaded


def no_dialog(driver: webdriver.Chrome) -> bool:
    try:
        driver.switch_to.alert.dismiss()
    except NoAlertPresentException:
        return True
    return False


def main_text(window: webdriver.Chrome) -> str:
    return window.find_element(By.TAG_NAME, "main").text


def enter(window: webdriver.Chrome, link: str) -> None:
    window.get(link)
    window.find_element(By.CSS_SELECTOR, "main button").click()
    until(window, lambda: window.current_url.endswith("/console/incidents"))


def press(window: webdriver.Chrome, label: str) -> None:
    window.find_element(By.XPATH, f"//main//button[normalize-space(.)='{label}']").click()


def impact_text(window: webdriver.Chrome) -> str:
    return window.find_element(By.ID, "impact").text
