"""Which alerts have a runbook that helps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.curate.coverage import Family, GapKind, Shelf, Votes, coverage
from knowledge.curate.gap_draft import best_cases, draft_page
from knowledge.curate.model import RunbookLine
from knowledge.errors import BadDocument
from knowledge.loaders import prometheus_rules
from knowledge.model import (
    EVERYONE,
    DocumentState,
    Origin,
    PastIncident,
    Visibility,
)
from knowledge.text.pages import parse_runbook

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def line(name: str, **more: object) -> RunbookLine:
    values: dict[str, object] = {
        "id": name,
        "title": name,
        "services": (),
        "alerts": (),
        "actions": (),
        "owner": "",
        "state": DocumentState.REVIEWED,
        "origin": Origin.TEAM,
        "visibility": EVERYONE,
        "url": None,
        "version": 1,
        "reviewed": None,
        "review_by": None,
        "updated_at": NOW,
        "updated_by": "ann",
    }
    return RunbookLine(**{**values, **more})  # type: ignore[arg-type]


def fam(name: str, **more: object) -> Family:
    return Family(name=name, alert=name, **more)  # type: ignore[arg-type]


def test_a_page_covers_the_alerts_it_names_on_the_services_it_names() -> None:
    found = coverage(
        [fam("disk-full", service="db", times=4), fam("disk-full", service="api", times=9)],
        [line("disk", services=("db",))],
        normalised={"disk": frozenset({"disk-full"})},
        retrieved=frozenset({"disk"}),
    )
    assert (found.families, found.covered, found.share) == (2, 1, 0.5)
    [gap] = found.gaps
    assert (gap.kind, gap.family.service) == (GapKind.NO_RUNBOOK, "api")
    assert found.never_retrieved == ()


@pytest.mark.parametrize(
    ("votes", "is_gap"),
    [
        ({}, False),
        ({"disk": Votes(not_helpful=2)}, True),
        ({"disk": Votes(helpful=1, not_helpful=9)}, False),
        ({"other": Votes(not_helpful=2)}, False),
    ],
)
def test_a_page_that_nobody_found_helpful_is_a_gap(votes: dict[str, Votes], is_gap: bool) -> None:
    found = coverage(
        [fam("disk-full", cited=frozenset({"disk"}), votes=votes)],
        [line("disk")],
        normalised={},
        retrieved=frozenset(),
    )
    assert [gap.kind for gap in found.gaps] == ([GapKind.NOT_HELPFUL] if is_gap else [])
    assert found.never_retrieved == ("disk",)


def test_generic_and_retired_pages_cover_nothing_and_what_fires_most_comes_first() -> None:
    found = coverage(
        [fam("rare", times=1, cited=frozenset({"generic"})), fam("often", times=7)],
        [
            line("generic", origin=Origin.STARTER),
            line("old", state=DocumentState.RETIRED, alerts=("often",)),
        ],
        normalised={"old": frozenset({"often"}), "generic": frozenset({"rare"})},
        retrieved=frozenset(),
    )
    assert [gap.family.alert for gap in found.gaps] == ["often", "rare"]
    assert found.never_retrieved == ()


def test_an_address_leads_to_a_page_by_its_url_or_its_path() -> None:
    pages = [line("disk"), line("db/disk"), line("x", url="https://wiki.example/p?id=7")]
    for url, page in (
        ("https://git.example/runbooks/blob/main/db/disk.md#step-2", "db/disk"),
        ("https://git.example/other/disk.md", "disk"),
        ("https://wiki.example/p?id=7", "x"),
    ):
        found = Shelf(pages).page_at(url)
        assert found is not None
        assert found.id == page
    assert Shelf(pages).page_at("https://git.example/a/bigdisk") is None
    found = coverage(
        [fam("a", runbook_urls=("https://gone.example/nothing",), rule_files=("r.yml",))],
        pages,
        normalised={},
        retrieved=frozenset(),
    )
    [broken] = found.broken_urls
    assert (broken.alert, broken.url) == ("a", "https://gone.example/nothing")


# --- rule files -----------------------------------------------------------------------------

RULES = """
groups:
  - name: node
    rules:
      - record: node:load
        expr: sum(x)
      - alert: DiskFull
        expr: free < 1
        labels: {severity: critical, service: db}
        annotations:
          runbook_url: https://wiki.example/disk
          summary: Disk is full
"""


def test_alerting_rules_are_read_with_their_runbooks(tmp_path: Path) -> None:
    file = tmp_path / "node.yml"
    file.write_text(RULES)
    [rule] = prometheus_rules.load(file)
    assert (rule.name, rule.group, rule.file) == ("DiskFull", "node", "node.yml")
    assert rule.runbook_url == "https://wiki.example/disk"
    assert rule.labels == {"severity": "critical", "service": "db"}
    nested = "\n".join(f"  {one}" for one in RULES.strip().split("\n"))
    wrapped = f"kind: PrometheusRule\nspec:\n{nested}"
    assert [one.name for one in prometheus_rules.parse(wrapped, "k.yml")] == ["DiskFull"]
    assert prometheus_rules.parse("groups: []\n---\n", "x") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b", "no list of `groups:`"),
        ("just words", "no `groups:`"),
        ("groups: [1]", "is not `name:` and `rules:`"),
        ("groups: [{name: a, rules: {}}]", "are not a list"),
        ("groups: [{name: a, rules: [x]}]", "is not `key: value` pairs"),
        ("groups: [", "not valid YAML"),
        ("groups: !!python/object/apply:os.getcwd []", "not valid YAML"),
        ("groups: " + "[" * 40 + "]" * 40, "nested too deep"),
        (
            "a: &a [x]\ngroups: [" + ",".join("*a" for _ in range(200)) + "]",
            "nested too deep or holds too many",
        ),
    ],
)
def test_what_is_no_rule_file_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadDocument, match=says):
        prometheus_rules.parse(text, "rules.yml")


def test_rule_files_of_other_encodings_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadDocument, match=r"r\.yml is not UTF-8"):
        prometheus_rules.load(file)


# --- drafts for gaps ------------------------------------------------------------------------


def past(name: str, **more: object) -> PastIncident:
    values = {"title": name, "symptom": f"{name} seen", "state": DocumentState.CONFIRMED, **more}
    return PastIncident(id=name, **values)  # type: ignore[arg-type]


def test_the_best_cases_say_how_it_was_mended_and_are_public() -> None:
    cases = [
        past("A", cause="c"),
        past("B", cause="c", resolution="r", started_at=datetime(2026, 1, 1, tzinfo=UTC)),
        past("C", cause="c", resolution="r", started_at=datetime(2026, 2, 1, tzinfo=UTC)),
        past("D", resolution="r", visibility=Visibility(frozenset({"T1/C1"}))),
        past("E", resolution="r", state=DocumentState.DRAFT),
        past("F"),
    ]
    assert [one.id for one in best_cases(cases)] == ["C", "B", "A"]


def test_a_gap_draft_says_only_what_records_say_and_names_them() -> None:
    cases = [past("INC-1", cause="leak", resolution="restart\nthe pod"), past("INC-2", cause="x")]
    made = draft_page("OrdersFail", "checkout", cases)
    assert made is not None
    slug, text = made
    assert slug == "checkout/orders-fail"
    page = parse_runbook(text, slug=slug)
    assert (page.alerts, page.services) == (("OrdersFail",), ("checkout",))
    assert "## Mitigation\n\n- restart\n  the pod (INC-1)" in page.body
    assert "- x (INC-2)" in page.body
    assert draft_page("OrdersFail", None, []) is None
