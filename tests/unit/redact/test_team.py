"""The team's own patterns: read, checked, told about, and in force where they are set up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SettingsError
from bot.redact import redact, set_up
from bot.redact.team import bounded, load_team_rules
from bot.redaction import set_up_redaction
from bot.settings import load_settings

YAML = """
rules:
  - name: shop session
    regex: 'shop_([a-f0-9]{8,})'
    keywords: [SHOP_]
"""
TOML = """
[[rules]]
name = "shop session"
regex = 'shop_([a-f0-9]{8,})'
keywords = ["shop_"]
"""


@pytest.fixture(autouse=True)
def _plain_afterwards() -> Iterator[None]:
    yield
    set_up(None, emails=False, cards=False)


def file_of(folder: Path, text: str, name: str = "redact.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "name"), [(YAML, "r.yaml"), (TOML, "r.toml")])
def test_a_pattern_of_the_teams_own_is_in_force(tmp_path: Path, text: str, name: str) -> None:
    line = "session shop_deadbeef01 ended"
    assert redact(line) == line
    set_up(file_of(tmp_path, text, name), emails=False, cards=False)
    assert redact(line) == "session shop_[redacted shop session] ended"
    assert redact(redact(line)) == redact(line)
    assert redact("password=hunter22") == "password=[redacted secret]"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{name: a, regex: '(a+)+$', keywords: [aa]}", "rules[0].regex: repeats a part"),
        ("{name: a, regex: '(a|aa)+$', keywords: [aa]}", "rules[0].regex: repeats a part"),
        ("{name: a, regex: 'x(', keywords: [aa]}", "rules[0].regex:"),
        ("{name: a, regex: 'a*', keywords: [aa]}", "rules[0].regex: matches nothing"),
        ("{name: a, regex: 'a.*b.*c.*d', keywords: [aa]}", "rules[0].regex: has more than 2"),
        ("{name: a, regex: '(aa).*\\1', keywords: [aa]}", "rules[0].regex: refers back"),
        ("{name: a, regex: 'redacted', keywords: [aa]}", "rules[0].regex: matches the mark"),
        ("{name: a, regex: abc}", "rules[0].keywords:"),
        ("{name: a, regex: abc, keywords: [a]}", "rules[0].keywords:"),
        ("{name: '', regex: abc, keywords: [abc]}", "rules[0].name:"),
        ("{name: a, regex: abc, keywords: [abc], group: 1}", "rules[0].group:"),
        ("{name: a, regex: abc, keywords: [abc], words: 1}", "rules[0].words: is not a field"),
        ("7", "rules[0] must have the fields"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_field(tmp_path: Path, rule: str, told: str) -> None:
    path = file_of(tmp_path, f"rules:\n  - {rule}\n")
    with pytest.raises(SettingsError) as error:
        load_team_rules(path)
    assert str(path) in str(error.value)
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "rules: 1", "rules: [", "other: []\nrules: []"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"redact\.yaml"):
        load_team_rules(file_of(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_team_rules(tmp_path / "none.yaml")


def test_repetitions_get_an_end() -> None:
    assert bounded(r"a+[*+]*\+(?:x|y)?z{3,9}") == r"a{1,128}[*+]{0,128}\+(?:x|y)?z{3,9}"
    assert bounded(r"a{7,}") == r"a{7,128}"


@given(st.text(alphabet="ab(|)*+?{1,}[]\\d^$:.", max_size=24))
def test_whatever_is_written_is_bounded_or_refused(regex: str) -> None:
    try:
        re.compile(bounded(regex), re.ASCII).search("ab" * 300)
    except (ValueError, re.error, OverflowError):
        return


def test_the_settings_put_it_in_force(tmp_path: Path) -> None:
    file = file_of(tmp_path, YAML)
    environment = {"RECALL_REDACT_FILE": str(file), "RECALL_REDACT_EMAILS": "true"}
    set_up_redaction(load_settings(environment=environment))
    assert redact("shop_deadbeef01 of a@b.example") == (
        "shop_[redacted shop session] of [redacted e-mail]"
    )
    set_up_redaction(load_settings(environment={}))
    assert redact("shop_deadbeef01 of a@b.example") == "shop_deadbeef01 of a@b.example"


def test_addresses_and_card_numbers_go_only_where_it_is_asked_for() -> None:
    line = "anna.b+shop@mail.example paid with 4111 1111 1111 1111"
    assert redact(line) == line
    set_up(None, emails=True, cards=True)
    assert redact(line) == "[redacted e-mail] paid with [redacted card number]"
    assert redact(redact(line)) == redact(line)


@pytest.mark.parametrize("card", ["5555555555554444", "378282246310005", "6011-1111-1111-1117"])
def test_a_card_number_is_known_by_its_check_digit(card: str) -> None:
    set_up(None, emails=False, cards=True)
    assert redact(f"card {card}.") == "card [redacted card number]."
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert redact(f"card {wrong}.") == f"card {wrong}."


@pytest.mark.parametrize(
    "line",
    [
        "ssh ops@host-7 uptime",
        "took 1732699200000 ms",
        "at 2026-11-27 10:00:00.123456789",
        "0000000000000000",
        "trace=4111111111111111abcdef",
        "10.0.12.7:4111",
    ],
)
def test_what_is_no_address_and_no_card_stays(line: str) -> None:
    set_up(None, emails=True, cards=True)
    assert redact(line) == line
