"""gitleaks' rules at work: what they find, what they let be, and that none can be made slow."""

import re
from time import perf_counter

import pytest

from bot.redact import redact
from bot.redact.gitleaks import gitleaks_data, gitleaks_rules
from bot.redact.redact import Redactor
from bot.redact.scanned import WINDOW, ScannedRule, entropy
from bot.redact.team import attacks
from tests.unit.redact.families import HEX, MIXED, families, made

FAMILIES = families()
SECONDS_A_WINDOW = 0.25
"""Far above what was measured (a few milliseconds), far below what a runaway takes."""


@pytest.mark.parametrize("name", FAMILIES)
def test_a_secret_of_each_family_is_taken_out(name: str) -> None:
    line, secret = FAMILIES[name]
    for text in (line, f"first line\n{line}\nlast line", f"2026-11-27T10:00:00Z app {line}"):
        cleaned = redact(text)
        assert secret not in cleaned
        assert "[redacted " in cleaned
        assert redact(cleaned) == cleaned


def test_most_of_the_rules_are_carried_and_the_others_have_a_reason() -> None:
    data = gitleaks_data()
    assert len(data["rules"]) > 200
    assert len(data["not_carried"]) < 12
    assert all(len(reason) > 20 for reason in data["not_carried"].values())
    assert "gitleaks" in data["source"]
    assert "MIT" in data["licence"]


def test_a_value_of_low_entropy_is_no_secret() -> None:
    dull = "the build of " + "AK" + "Cp" + "a" * 69
    assert redact(dull) == dull
    assert entropy("aaaa") == 0
    assert entropy("abcd") == pytest.approx(2.0)


def test_what_its_makers_allow_is_let_be() -> None:
    example = "AK" + "IA" + "IOSFODNN7EXAMPLE"
    rule = next(one for one in gitleaks_rules() if one.name == "aws-access-token")
    assert not list(rule.spans(f"see {example}", [4]))


def test_the_mark_names_the_rule() -> None:
    assert redact("pushed with dop" + "_v1_" + made(HEX, 64)) == (
        "pushed with [redacted digitalocean-pat]"
    )


def test_a_secret_is_found_wherever_it_is_in_a_very_long_line() -> None:
    secret = "np" + "m_" + made("abcdefghij0123456789", 36)
    for before in (0, 100, WINDOW - 20, WINDOW, 3 * WINDOW + 7):
        line = "x " * (before // 2) + secret + " y" * WINDOW
        assert secret not in redact(line)
        assert redact(line).count("x ") == before // 2


def test_a_letter_that_grows_in_lower_case_shifts_nothing() -> None:
    secret = made(MIXED, 32)
    assert redact(f"\u0130\u0130 signing_key = {secret} \u0130") == (
        "\u0130\u0130 signing_key = [redacted secret] \u0130"
    )


@pytest.mark.parametrize("rule", gitleaks_rules(), ids=lambda rule: rule.name)
def test_no_rule_can_be_made_slow(rule: ScannedRule) -> None:
    regex: re.Pattern[str] = rule.compiled
    for line in attacks(rule.keywords[:4]):
        starts = [found.start() for word in rule.keywords for found in _all(word, line)]
        started = perf_counter()
        list(rule.spans(line, starts))
        assert perf_counter() - started < SECONDS_A_WINDOW, (regex.pattern[:80], line[:60])


def test_two_redactors_do_not_share_what_was_switched_on() -> None:
    line = "mail from anna@shop.example"
    assert Redactor(emails=True).redact(line) == "mail from [redacted e-mail]"
    assert Redactor().redact(line) == line


def _all(word: str, line: str) -> list[re.Match[str]]:
    return list(re.finditer(re.escape(word), line.lower()))
