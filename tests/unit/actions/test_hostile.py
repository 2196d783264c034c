"""Hostile values in a parameter of every executor's block: each stays one value, or is refused.

The parameter's pattern lets anything through, so that only the blocks' own rules are left.
"""

import json
import shlex
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.catalogue import ActionCatalogue, Inventory
from bot.actions.executors import EXECUTORS
from bot.actions.frozen import Frozen, freeze
from bot.actions.parameters import Known, WrongValues
from bot.actions.queries import bound_sql
from bot.actions.template import ActionTemplate
from bot.strict_yaml import parse
from tests.support.hostile_values import VALUES

HEAD = """
id: t
version: 1
title: T
risk: {risk}
parameters: [{{name: x, type: string, pattern: "[^/]*|.*", label: X}}]
executor: {executor}
{rest}
"""
CHANGES = 'targets: ["a"]\nverification: {alert_resolved: true}\n'
READS = "approvals: 0\n"
BLOCKS = {
    "command": (
        "low",
        'command: {argv: [/bin/echo, "${x}", "--name=${x}", "a ${x}"]}\n' + CHANGES,
    ),
    "http": (
        "low",
        'http: {method: POST, url: "https://h.example/a/${x}/b?q=${x}", body: {t: ["${x}"]}}\n'
        + CHANGES,
    ),
    "kubernetes": (
        "low",
        'kubernetes: {server: "https://k.example", token: "${secret:T}", verb: scale, '
        'object: "deployment/shop/${x}", replicas: "${x}"}\n' + CHANGES,
    ),
    "ssh": (
        "low",
        'ssh: {host: db-1, user: ops, key: "${secret:K}", '
        'argv: [/usr/bin/systemctl, restart, "${x}", "--unit=${x}"]}\n' + CHANGES,
    ),
    "ansible": (
        "low",
        'ansible: {playbook: p.yml, vars: {word: "${x}", more: "a ${x}"}}\n' + CHANGES,
    ),
    "prometheus_query": (
        "read",
        "prometheus_query: {url: 'https://p.example', "
        """query: 'sum(rate(a{job="${x}", pod=~"${x}"}[5m])) by (job)'}\n""" + READS,
    ),
    "logs_query": (
        "read",
        "logs_query: {url: 'https://l.example', "
        """query: '{job="${x}"} |= "${x}" |~ "${x}"'}\n""" + READS,
    ),
    "sql_read": (
        "read",
        "sql_read: {database: '${secret:D}', "
        """query: "select a from b where c = ${x} and d like ${x} || '%'"}\n""" + READS,
    ),
}
CATALOGUE = Inventory(hosts=("db-1",), objects=("deployment/shop/web-*", "deployment/shop/5"))


def made(executor: str, value: str) -> Frozen:
    risk, rest = BLOCKS[executor]
    text = HEAD.format(risk=risk, executor=executor, rest=rest)
    template = ActionTemplate.model_validate(parse(text, "t").content)
    catalogue = ActionCatalogue({"t": template}, CATALOGUE, playbooks="0" * 64)
    return freeze(catalogue, template, {"x": value}, Known(), environment=None, incident_key="")


def strings_of(query: str) -> Iterator[str]:
    """The quoted texts of a query, read as Go reads them (for these, as JSON does)."""
    at = 0
    while (start := query.find('"', at)) >= 0:
        end = start + 1
        while query[end] != '"':
            end += 2 if query[end] == "\\" else 1
        yield json.loads(query[start : end + 1])
        at = end + 1


def without_strings(query: str) -> str:
    bare, at = "", 0
    while (start := query.find('"', at)) >= 0:
        bare += query[at:start]
        end = start + 1
        while query[end] != '"':
            end += 2 if query[end] == "\\" else 1
        at = end + 1
    return bare + query[at:]


def is_command(frozen: Frozen, value: str) -> None:
    assert frozen.step.command is not None
    argv = frozen.step.command.argv
    assert argv == ("/bin/echo", value, f"--name={value}", f"a {value}")
    assert not argv[1].startswith("-")


def is_http(frozen: Frozen, value: str) -> None:
    assert frozen.step.http is not None
    path, _, query = frozen.step.http.url.removeprefix("https://h.example/").partition("?")
    assert path.count("/") == 2
    assert not set(query.removeprefix("q=")) & set("&#/?=; '\"")
    assert frozen.step.http.body == {"t": [value]}


def is_kubernetes(frozen: Frozen, value: str) -> None:
    block = frozen.step.kubernetes
    assert block is not None
    assert block.object == "deployment/shop/5", "nothing else is both an object and a count"
    assert (block.replicas, value) == ("5", "5")


def is_ssh(frozen: Frozen, value: str) -> None:
    assert frozen.step.ssh is not None
    line = frozen.step.ssh.line
    words = ["/usr/bin/systemctl", "restart", value, f"--unit={value}"]
    assert shlex.split(line) == words
    assert line.split(" ") == words, "no shell has anything to unquote"
    assert not value.startswith("-")


def is_ansible(frozen: Frozen, value: str) -> None:
    assert frozen.step.ansible is not None
    assert frozen.step.ansible.vars == {"word": value, "more": f"a {value}"}
    assert not any(mark in value for mark in ("{{", "{%", "{#"))


def is_prometheus(frozen: Frozen, value: str) -> None:
    assert frozen.step.prometheus_query is not None
    query = frozen.step.prometheus_query.query
    assert without_strings(query) == "sum(rate(a{job=, pod=~}[5m])) by (job)"
    text, expression = strings_of(query)
    assert text == value
    assert is_literal(expression, value)


def is_logs(frozen: Frozen, value: str) -> None:
    assert frozen.step.logs_query is not None
    query = frozen.step.logs_query.query
    assert without_strings(query) == "{job=} |=  |~ "
    label, contains, expression = strings_of(query)
    assert label == contains == value
    assert is_literal(expression, value)


def is_literal(expression: str, value: str) -> bool:
    """Whether a regular expression is that very text: every mark of RE2 has a backslash."""
    plain, at = "", 0
    while at < len(expression):
        if expression[at] == "\\":
            at += 1
        elif expression[at] in ".+*?()|[]{}^$":
            return False
        plain += expression[at]
        at += 1
    return plain == value


def is_sql(frozen: Frozen, value: str) -> None:
    block = frozen.step.sql_read
    assert block is not None
    assert bound_sql(block.query) == "select a from b where c = %(x)s and d like %(x)s || '%%'"
    assert block.values == {"x": value}


STAYS: dict[str, Callable[[Frozen, str], None]] = {
    "command": is_command,
    "http": is_http,
    "kubernetes": is_kubernetes,
    "ssh": is_ssh,
    "ansible": is_ansible,
    "prometheus_query": is_prometheus,
    "logs_query": is_logs,
    "sql_read": is_sql,
}


def stays_one_value(executor: str, value: str) -> bool:
    """False where it is refused; an assertion fails where it became anything else."""
    try:
        frozen = made(executor, value)
    except WrongValues:
        return False
    STAYS[executor](frozen, value.strip())
    return True


def test_every_executor_is_asked() -> None:
    assert set(BLOCKS) == set(STAYS) == set(EXECUTORS)


@pytest.mark.parametrize("executor", sorted(BLOCKS))
@pytest.mark.parametrize("value", VALUES)
def test_a_hostile_value_stays_one_value_or_is_refused(executor: str, value: str) -> None:
    stays_one_value(executor, value)


@pytest.mark.parametrize("executor", sorted(BLOCKS))
@given(value=st.text(max_size=80))
def test_any_text_stays_one_value_or_is_refused(executor: str, value: str) -> None:
    stays_one_value(executor, value)


@pytest.mark.parametrize("executor", sorted(BLOCKS))
def test_what_is_harmless_is_taken(executor: str) -> None:
    """So that the tests above do not pass because everything is refused."""
    assert stays_one_value(executor, "5")


@pytest.mark.parametrize(
    "executor", ["command", "http", "prometheus_query", "logs_query", "sql_read"]
)
def test_quotes_are_taken_where_they_can_be_escaped(executor: str) -> None:
    assert stays_one_value(executor, 'it\'s "so" \\ and more')
