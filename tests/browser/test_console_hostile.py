"""Everything that is meant to run in a browser, in every field of the console: nothing runs.

The pages' policy, which lets no script of a page run, is switched off here: what is told must be
escaped, and not merely kept from running.
"""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException

from tests.support.browsing import NEEDS_CHROMIUM, open_browser
from tests.support.console_browsing import PAGES, enter, until
from tests.support.console_site import Site, console_site
from tests.support.hostile_pages import in_fields

pytestmark = [
    pytest.mark.browser,
    NEEDS_CHROMIUM,
]
REFLECTED = (
    "incidents?state=all&words={}",
    "incidents?service={}",
    "incidents?state={}",
    "incidents/{}",
    "incidents/RCL-1?said={}",
    "incidents/RCL-1/forms/{}",
    "answers/{}",
    "runbooks?words={}",
    "runbooks/new?page_id={}",
    "runbooks/page/{}",
    "runbooks/history/checkout/slow?said={}",
    "review?kind={}",
    "review?said={}",
    "links?incident={}",
    "login?back={}",
    "enter?token={}",
    "{}",
)
"""Where what stands in the address may be told again."""

FOREIGN = """
const bad = [];
for (const node of document.querySelectorAll('*')) {
  for (const one of node.attributes) {
    if (one.name.startsWith('on') || one.name.startsWith('hx-on')
        || one.name.startsWith('data-hx-') || one.name === 'srcdoc' || one.name === 'style')
      bad.push(node.tagName + ' ' + one.name);
    if (['href', 'src', 'action', 'formaction', 'data', 'xlink:href'].includes(one.name)
        && !['http:', 'https:'].includes(new URL(one.value, 'http://x').protocol))
      bad.push(node.tagName + ' ' + one.name + '=' + one.value.slice(0, 40));
  }
}
const never = 'iframe, object, embed, base, style, math, marquee, noscript, template, '
  + 'meta[http-equiv], script:not([src^="/"]), img:not([src^="/"]), link:not([href^="/"]), '
  + 'svg animate, [hx-vals], [hx-trigger="load"]';
for (const node of document.querySelectorAll(never))
  bad.push(node.outerHTML.slice(0, 80));
return bad;
"""


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path_factory.mktemp("chromium"))
    try:
        driver.execute_cdp_cmd("Page.enable", {})
        driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module", params=range(len(in_fields())))
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    window: webdriver.Chrome,
) -> Iterator[Site]:
    """A part of the corpus stands in every text that comes from outside."""
    with console_site(tmp_path_factory.mktemp("site"), in_fields()[request.param]) as site:
        enter(window, site.link())
        yield site


def fires(window: webdriver.Chrome) -> bool:
    try:
        window.switch_to.alert.dismiss()
    except NoAlertPresentException:
        return False
    return True


def test_this_browser_runs_what_a_page_gives_it(window: webdriver.Chrome, site: Site) -> None:
    """Else nothing would follow from that no dialog fires."""
    window.get(f"{site.address}/console/search")
    window.execute_script("document.body.innerHTML = '<img src=x onerror=alert(4)>'")
    until(window, lambda: fires(window))
    assert window.execute_script(FOREIGN) == ["IMG onerror", '<img src="x" onerror="alert(4)">']


def test_nothing_that_was_written_down_runs(window: webdriver.Chrome, site: Site) -> None:
    for page in PAGES:
        window.get(f"{site.address}/console/{page}")
        assert not fires(window), page
        assert window.execute_script(FOREIGN) == [], page


def test_nothing_that_stands_in_an_address_runs(
    window: webdriver.Chrome, site: Site, request: pytest.FixtureRequest
) -> None:
    hostile = in_fields()[request.node.callspec.params["site"]]
    for page in REFLECTED:
        window.get(f"{site.address}/console/{page.format(quote(hostile, safe=''))}")
        assert not fires(window), page
        assert window.execute_script(FOREIGN) == [], page
