"""The hostile values on the real thing: an sshd with a shell behind it, Ansible, PostgreSQL,
and a process. What a block takes arrives as that one value, and nothing else happens."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.actions.catalogue import ActionCatalogue, Inventory
from bot.actions.executors import EXECUTORS, RunnerRules
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.port import Ended, Outcome, Run
from bot.actions.frozen import Step, freeze
from bot.actions.parameters import Known, WrongValues
from bot.actions.playbooks import playbooks_digest
from bot.actions.template import ActionTemplate
from bot.strict_yaml import parse
from tests.support.executors import PLAY, House
from tests.support.hostile_values import VALUES

CANARIES = ("; touch LEFT", "$(touch LEFT)", "`touch LEFT`", "a\ntouch LEFT", "'; touch LEFT; '")
"""Whatever reads one of these as a command leaves a file behind."""
SAID = "ansible.builtin.copy: {content: '{{ [NAMES] | to_json }}', dest: SAID}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = House(tmp_path_factory.mktemp("actions"))
    yield opened
    opened.close()


def frozen(house: House, block: str, value: str) -> Step | None:
    """The step with the value filled in; None where it is refused."""
    text = (
        "id: t\nversion: 1\ntitle: T\nrisk: low\n"
        'parameters: [{name: x, type: string, pattern: "[^/]*|.*"}]\n'
        f"{block}\n"
    )
    if "sql_read" in block:
        text = text.replace("risk: low", "risk: read\napprovals: 0")
    else:
        text += 'targets: ["a"]\nverification: {alert_resolved: true}\n'
    template = ActionTemplate.model_validate(parse(text, "t").content)
    catalogue = ActionCatalogue(
        {"t": template}, Inventory(hosts=("localhost",)), playbooks=house.digest
    )
    try:
        made = freeze(catalogue, template, {"x": value}, Known(), environment=None, incident_key="")
    except WrongValues:
        return None
    return made.step


def run(house: House, name: str, step: Step) -> tuple[Outcome, str]:
    rules = RunnerRules(
        commands=("/bin/echo", "/usr/bin/printf"),
        gate=HostGate(("localhost@127.0.0.0/8",)),
        folder=house.folder,
    )
    printed = bytearray()
    told: dict[str, Any] = {"on_output": printed.extend, "secrets": house.secrets}
    outcome = EXECUTORS[name](rules).run(step, Run(seconds=60.0, **told))
    return outcome, printed.decode(errors="surrogatepass")


def corpus(left: Path) -> list[str]:
    return [*VALUES, *(one.replace("LEFT", str(left)) for one in CANARIES)]


def test_a_process_gets_it_as_one_argument(house: House, tmp_path: Path) -> None:
    left, taken = tmp_path / "left", 0
    for value in corpus(left):
        step = frozen(house, 'executor: command\ncommand: {argv: [/bin/echo, -n, "+${x}"]}', value)
        if step is None:
            continue
        taken += 1
        outcome, printed = run(house, "command", step)
        assert (outcome.ended, printed) == (Ended.OK, f"+{value.strip()}")
    assert taken > 30
    assert not left.exists()


def test_the_shell_on_the_other_side_reads_one_word(house: House, tmp_path: Path) -> None:
    left, taken = tmp_path / "left", 0
    block = (
        'executor: ssh\nssh: {host: localhost, port: PORT, user: ops, key: "${secret:SSH_KEY}", '
        'argv: [/bin/echo, "+${x}", end]}'
    ).replace("PORT", str(house.ssh.port))
    for value in corpus(left):
        step = frozen(house, block, value)
        if step is None:
            continue
        taken += 1
        assert step.ssh is not None
        assert shlex.split(step.ssh.line) == ["/bin/echo", f"+{value.strip()}", "end"]
        outcome, printed = run(house, "ssh", step)
        assert (outcome.ended, printed) == (Ended.OK, f"+{value.strip()} end\n")
    assert taken > 5
    assert not left.exists()


def test_ansible_gets_data_and_no_template(house: House, tmp_path: Path) -> None:
    """All that is taken in one task, one variable each: every task takes a while."""
    left = tmp_path / "left"
    block = 'executor: ansible\nansible: {playbook: works.yml, vars: {word: "${x}"}}'
    taken = [value for value in corpus(left) if frozen(house, block, value) is not None]
    assert "{{ 6 * 7 }}" not in taken
    assert len(taken) > 30
    books = house.folder / "playbooks"
    said = tmp_path / "said.json"
    names = ", ".join(f"w{n}" for n in range(len(taken)))
    (books / "all.yml").write_text(
        PLAY.format(SAID.replace("NAMES", names).replace("SAID", str(said)))
    )
    step = frozen(house, block, "x")
    assert step is not None
    assert step.ansible is not None
    words = {f"w{n}": value.strip() for n, value in enumerate(taken)}
    changed = step.ansible.model_copy(
        update={
            "playbook": "all.yml",
            "vars": words,
            "playbooks_digest": playbooks_digest(books),
        }
    )
    outcome, printed = run(house, "ansible", Step(ansible=changed))
    (books / "all.yml").unlink()
    assert outcome.ended is Ended.OK, printed
    assert json.loads(said.read_text(encoding="utf-8")) == list(words.values())
    assert not left.exists()


def test_the_database_gets_a_bound_value(house: House) -> None:
    block = (
        "executor: sql_read\nsql_read: {database: '${secret:DATABASE}', "
        'query: "select ${x}::text as said, length(${x}::text) as long"}'
    )
    taken = 0
    for value in VALUES:
        step = frozen(house, block, value)
        if step is None:
            continue
        taken += 1
        outcome, printed = run(house, "sql_read", step)
        text = value.strip()
        assert outcome.ended is Ended.OK, (value, outcome)
        assert printed.splitlines()[1] == f"{' '.join(text.split())} | {len(text)}"
    assert taken > 30
