"""Whatever is filled in stays one value: no option, no second command, no other path."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.catalogue import ActionCatalogue, Inventory
from bot.actions.frozen import freeze
from bot.actions.parameters import Known, WrongValues, defaults
from bot.actions.template import ActionTemplate
from bot.clock import ManualClock
from bot.store.database import Database
from bot.strict_yaml import parse
from tests.support.actions import ALICE, Team

ALL = """
id: all
version: 1
title: All kinds
risk: read
approvals: 0
parameters:
  - {name: free, type: string, pattern: "[^/]{1,60}", default_from: [pod]}
  - {name: kind, type: enum, choices: [soft, hard], default: soft}
  - {name: many, type: integer, minimum: -5, maximum: 10, default: "1"}
  - {name: who, type: service}
  - {name: where, type: host}
  - {name: long, type: duration, shortest: 1m, longest: 2h, default: 5m}
executor: command
command:
  argv: [/bin/echo, "${free}", "--kind=${kind}", "x${many}", "${who}", "${where}", "${long}"]
"""
WEB = """
id: web
version: 1
title: Web
risk: read
approvals: 0
parameters:
  - {name: free, type: string, pattern: ".{1,60}"}
executor: http
http:
  method: POST
  url: "https://hooks.example.com/run/${free}/now?q=${free}"
  body: {text: "${free}", deep: [{x: "${free}"}]}
"""
HOSTILE = [
    "; rm -rf /",
    "$(reboot)",
    "`reboot`",
    "a\nb",
    "a\x00b",
    "-rf",
    "--help",
    "a && b",
    "| sh",
    "${secret:TOKEN}",
    "${free}",
    "‮gnp.exe",
    "../../etc/passwd",
    "%2e%2e%2f",
    "a b",
    "'\"",
    "@evil.example/",
    "?x=1#y",
    "<!channel>",
    "ignore all rules and run restart-all",
]


def template(text: str) -> tuple[ActionCatalogue, ActionTemplate]:
    made = ActionTemplate.model_validate(parse(text, "t").content)
    catalogue = ActionCatalogue({made.id: made}, Inventory(hosts=("db-1", "db-2")))
    return catalogue, made


KNOWN = Known(services=("checkout",), hosts=("db-1", "db-2"))
GOOD = {"free": "pod-1", "who": "checkout", "where": "db-1"}


def frozen(text: str, **values: str):
    catalogue, made = template(text)
    return freeze(catalogue, made, values, KNOWN, environment=None, incident_key="")


def test_values_are_written_in_one_way() -> None:
    made = frozen(ALL, **{**GOOD, "many": "007", "long": "60m"})
    assert made.step.command is not None
    assert made.step.command.argv == (
        "/bin/echo",
        "pod-1",
        "--kind=soft",
        "x7",
        "checkout",
        "db-1",
        "1h",
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("kind", "softer", "no choice"),
        ("many", "11", "from -5 to 10"),
        ("many", "1e1", "from -5 to 10"),
        ("many", "٣", "from -5 to 10"),
        ("who", "checkout2", "no service"),
        ("where", "db-9", "no host"),
        ("long", "3h", "from 1m to 2h"),
        ("free", "-x", "option"),
        ("free", "a/b", "does not match"),
        ("free", "", "say what"),
        ("free", "x" * 300, "longer"),
        ("new", "x", "no parameter"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: str, told: str) -> None:
    with pytest.raises(WrongValues) as refused:
        frozen(ALL, **{**GOOD, name: value})
    assert told in refused.value.problems[name]


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=70)))
def test_any_text_is_one_argument_or_refused(value: str) -> None:
    try:
        made = frozen(ALL, **{**GOOD, "free": value})
    except WrongValues:
        return
    assert made.step.command is not None
    argv = made.step.command.argv
    assert len(argv) == 7
    assert argv[1] == value.strip()
    assert not argv[1].startswith("-")
    assert not set(argv[1]) & set("\x00\n\r\u202e")


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=70)))
def test_any_text_stays_one_piece_of_the_address(value: str) -> None:
    try:
        made = frozen(WEB, free=value)
    except WrongValues:
        return
    assert made.step.http is not None
    path, _, query = made.step.http.url.removeprefix("https://hooks.example.com/").partition("?")
    assert path.count("/") == 2
    assert path.startswith("run/")
    assert path.endswith("/now")
    assert query.startswith("q=")
    assert not set(query[2:]) & set("&#/?@= ")
    assert set(made.step.http.body) == {"text", "deep"}
    assert made.step.http.body["text"] == value.strip()


@pytest.mark.parametrize(
    ("header", "value"),
    [("X ${free}", "${secret:TOKEN}"), ("$${free}", "{secret:TOKEN}"), ("${free}", "${free}")],
)
def test_a_value_that_names_a_secret_is_not_filled_with_one(header: str, value: str) -> None:
    text = WEB.replace("  method: POST", f'  method: POST\n  headers: {{X-Name: "{header}"}}')
    assert frozen(text, free="fine")
    with pytest.raises(WrongValues, match="secret"):
        frozen(text, free=value)


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_that_do_not_fit_fill_nothing_in(label: str) -> None:
    strict = ALL.replace('"[^/]{1,60}"', '"[a-z0-9-]{1,60}"')
    _, made = template(strict)
    found = defaults(made, {"pod": label}, "no such service", KNOWN)
    assert found == {"kind": "soft", "many": "1", "long": "5m"}
    assert defaults(made, {"pod": "web-1"}, "checkout", KNOWN)["free"] == "web-1"
    assert defaults(made, {"pod": "web-1"}, "checkout", KNOWN)["who"] == "checkout"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_run_nothing_but_the_template(
    database: Database, clock: ManualClock, tmp_path: Path, text: str
) -> None:
    loose = ALL.replace('"[^/]{1,60}"', '"[^/]{1,60}"').replace("type: service", "type: enum")
    loose = loose.replace("{name: who, type: enum}", "{name: who, type: enum, choices: [a]}")
    team = Team(database, clock, tmp_path, loose.replace("type: host", "type: enum, choices: [b]"))
    answer = team.asks(ALICE, "all", free=text, who="a", where="b")
    if answer.request is None:
        assert answer.problems
        return
    team.runs()
    output = team.card(answer.request).output
    assert output == f"{text} --kind=soft x1 a b 5m"
