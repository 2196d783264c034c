"""Reading templates: every mistake is explained with its file and line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.actions.binaries import REFUSED, why_not_binary
from bot.actions.catalogue import CatalogueFolder, read_actions
from bot.actions.template import READERS, json_schema
from bot.cli.actions import app
from tests.support.actions import TOUCH

SCHEMA = Path(__file__).parents[3] / "docs" / "action-template.schema.json"


def mistakes(folder: Path, text: str, name: str = "a.yaml") -> list[tuple[int, str]]:
    (folder / name).write_text(text)
    _, found = read_actions(folder)
    return [(one.line, one.problem) for one in found]


def test_the_published_schema_is_the_one_that_is_checked() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("risk: low", "risk: huge", 5, "risk: Input should be"),
        ("risk: low", "risk: low\nretries: 3", 6, "retries: is no key that is known here"),
        ("version: 1", "version: one", 3, "version: Input should be a valid integer"),
        ("title: Touch a file\n", "", 2, "title: is missing"),
        ("type: string, ", "type: text, ", 7, "parameters.0.type"),
        ('pattern: "[a-z][a-z0-9.-]{0,40}"', 'pattern: "["', 7, "no regular expression"),
        (', pattern: "[a-z][a-z0-9.-]{0,40}"', "", 7, "a string needs a `pattern`"),
        ("/usr/bin/touch, --", "/bin/bash, -c", 9, "bash can start anything"),
        ("/usr/bin/touch, --", "touch, --", 9, "must be the absolute path"),
        ("/usr/bin/touch, --", '"/usr/${name}", --', 9, "without placeholders"),
        ("FOLDER/${name}", "FOLDER/${nam}", 2, "${nam} is used but is no parameter"),
        ("FOLDER/${name}", "${secret:TOKEN}", 10, "a secret may stand only in"),
        ("FOLDER/${name}", "${NAME}", 10, "is no placeholder"),
        ("executor: command", "executor: http", 2, "`executor: http` needs `http`"),
        ("executor: command", "executor: shell", 8, "executor: Input should be"),
        ("risk: low", "risk: low\napprovals: 0", 2, "only `risk: read` may run without"),
        ("risk: low", "risk: critical", 2, "needs at least 2 approvals"),
        ("risk: low", "risk: high\nfour_eyes: false", 2, "needs `four_eyes: true`"),
        ("within: 15m", "within: soon", 12, "number with s, m, h or d"),
        ("risk: low", "risk: low\nrisk: read", 6, "the key 'risk' appears twice"),
        ("risk: low", "risk: *low", 5, "aliases (*name) are not read"),
        ("risk: low", "risk: !!python/name:os.system x", 5, "could not determine a constructor"),
        ("risk: low", "risk: " + "[" * 100, 5, "nested too deep"),
        ("risk: low", "risk: low\nmay_approve: {role: guest}", 6, "guests hold no right"),
        ("risk: low", "risk: low\nrollback: {template: gone}", 6, "no template of this folder"),
        ("risk: low", "risk: low\nwindows: [{start: '25:00'}]", 6, "no time of day"),
    ],
)
def test_a_mistake_is_explained_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    assert old in TOUCH
    found = mistakes(tmp_path, TOUCH.replace(old, new, 1))
    assert any(at == line and told in problem for at, problem in found), found


BLOCKS = {
    "kubernetes": """
kubernetes:
  server: https://k8s.example.org
  token: ${secret:TOKEN}
  verb: scale
  object: deployment/shop/${name}
  replicas: "3"
""",
    "ssh": """
ssh:
  host: db-1
  user: ops
  key: ${secret:KEY}
  argv: [/usr/bin/systemctl, restart, "${name}"]
""",
    "ansible": """
ansible:
  playbook: restart.yml
  inventory: hosts.ini
  vars: {word: "${name}"}
""",
    "prometheus_query": """
prometheus_query:
  url: https://prometheus.example.org
  query: 'up{job="${name}"}'
""",
    "logs_query": """
logs_query:
  url: https://loki.example.org
  query: '{job="${name}"} |= "${name}"'
""",
    "sql_read": """
sql_read:
  database: ${secret:DATABASE}
  query: "select 1 where a = ${name}"
""",
}


def with_block(executor: str) -> str:
    """The template with another executor: its block begins in line 9."""
    head, _, tail = TOUCH.partition("executor: command")
    rest = tail[tail.index("targets:") :]
    text = f"{head}executor: {executor}{BLOCKS[executor]}{rest}"
    if executor in READERS:
        text = text.replace("risk: low", "risk: read")
    return text


@pytest.mark.parametrize("executor", sorted(BLOCKS))
def test_the_blocks_are_right_before_they_are_spoilt(tmp_path: Path, executor: str) -> None:
    (tmp_path / "playbooks").mkdir()
    for name in ("restart.yml", "hosts.ini"):
        (tmp_path / "playbooks" / name).write_text("[]")
    assert mistakes(tmp_path, with_block(executor)) == []


@pytest.mark.parametrize(
    ("executor", "old", "new", "line", "told"),
    [
        ("kubernetes", "k8s.example.org", "k8s.example.org/a", 9, "scheme, host and port"),
        ("kubernetes", "k8s.example.org", "${name}.org", 10, "no placeholder, no user"),
        ("kubernetes", "k8s.example.org", "user@k8s.example.org", 10, "no placeholder, no user"),
        ("kubernetes", "${secret:TOKEN}", "sup3r-s3cret", 11, "name one secret of the runner"),
        ("kubernetes", "  token: ${secret:TOKEN}\n", "", 9, "token: is missing"),
        ("kubernetes", "verb: scale", "verb: exec", 12, "kubernetes.verb: Input should be"),
        ("kubernetes", "verb: scale", "verb: cordon", 9, "`replicas` belongs to `verb: scale`"),
        ("kubernetes", "deployment/shop", "daemonset/shop", 9, "scale is for deployment"),
        ("kubernetes", "deployment/shop/${name}", "shop/web", 9, "is no object"),
        ("kubernetes", '"3"', '"3000"', 9, "a whole number from 0 to 1000"),
        ("kubernetes", '"3"', "${secret:N}", 14, "a secret may stand only in"),
        ("ssh", "user: ops", "user: -oProxyCommand=x", 11, "ssh.user: String should match"),
        ("ssh", "${secret:KEY}", "/root/.ssh/id_rsa", 12, "name one secret of the runner"),
        ("ssh", "/usr/bin/systemctl, restart", "/bin/sh, -c", 9, "sh can start anything"),
        ("ssh", "/usr/bin/systemctl", "systemctl", 9, "must be the absolute path"),
        ("ssh", "restart,", '"a\\nb",', 9, "one line without control characters"),
        ("ssh", "user: ops", "user: ops\n  port: 70000", 12, "less than or equal to 65535"),
        ("ssh", "user: ops", "user: ops\n  options: [-A]", 12, "is no key that is known here"),
        ("ansible", "restart.yml", "../restart.yml", 10, "ansible.playbook: String should match"),
        ("ansible", "restart.yml", "gone.yml", 10, "there is no gone.yml in"),
        ("ansible", "hosts.ini", "gone.ini", 11, "there is no gone.ini in"),
        ("ansible", '"${name}"', '"{{ x }}"', 9, "`vars` are data"),
        ("ansible", "{word:", "{ansible_user: a, word:", 9, "may not set ansible_user"),
        ("ansible", "vars:", "env: {ANSIBLE_CONFIG: /x}\n  vars:", 9, "may not set ANSIBLE_CONFIG"),
        ("prometheus_query", '"${name}"', "${name}", 2, "must be an integer or a duration"),
        ("prometheus_query", '"${name}"', "`${name}`", 11, "could change the query"),
        ("prometheus_query", '="${name}"}', '="${name}', 11, "a quote in the query is not closed"),
        ("prometheus_query", "prometheus.example.org", "p.example/?query=x", 10, "up to its path"),
        ("prometheus_query", "risk: read", "risk: low", 2, "only reads: write `risk: read`"),
        ("logs_query", '|= "${name}"', '| line_format "${name}"', 11, "could change the query"),
        ("logs_query", '"${name}"} |=', "${name}} |=", 2, "must be an integer or a duration"),
        ("logs_query", "  query:", "  since: 9d\n  query:", 11, "is from 1s to 7d"),
        ("sql_read", "select 1", "delete from a", 9, "a query that reads begins with"),
        ("sql_read", "select 1", "select 1; select 2", 9, "one plain statement, without ;"),
        ("sql_read", "a = ${name}", "a = '${name}'", 9, "a placeholder stands without quotes"),
        ("sql_read", "a = ${name}", "a = 'x", 9, "a quote in the query is not closed"),
        ("sql_read", "select 1", "select 1 -- ", 9, "without --"),
        ("sql_read", "${secret:DATABASE}", "postgresql://u:p@h/d", 10, "name one secret of"),
    ],
)
def test_a_mistake_in_an_executors_block_is_explained_with_its_line(
    tmp_path: Path, executor: str, old: str, new: str, line: int, told: str
) -> None:
    (tmp_path / "playbooks").mkdir()
    for name in ("restart.yml", "hosts.ini"):
        (tmp_path / "playbooks" / name).write_text("[]")
    text = with_block(executor)
    assert old in text
    found = mistakes(tmp_path, text.replace(old, new, 1))
    assert any(at == line and told in problem for at, problem in found), found


def test_an_id_that_is_there_twice_names_the_other_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TOUCH)
    [(line, problem)] = mistakes(tmp_path, TOUCH, "b.yaml")
    assert (line, problem) == (2, f"the id 'touch' is in {tmp_path / 'a.yaml'} already")


@pytest.mark.parametrize(
    "path",
    [
        *("/bin/sh", "/usr/bin/env", "/usr/bin/python3.12", "/usr/bin/find", "/usr/bin/xargs"),
        *("/usr/bin/ssh", "/usr/bin/kubectl", "/usr/bin/perl5.36", "/opt/x/../bin/ls", "ls"),
    ],
)
def test_interpreters_and_wrappers_are_never_allowed(path: str) -> None:
    assert why_not_binary(path) is not None
    assert {"sh", "env", "python", "find", "xargs", "ssh"} <= REFUSED
    assert why_not_binary("/usr/bin/touch") is None


def test_an_edit_counts_at_once_and_a_broken_one_is_left_out(tmp_path: Path) -> None:
    folder = CatalogueFolder(tmp_path)
    assert not folder.current().templates
    (tmp_path / "a.yaml").write_text(TOUCH)
    first = folder.current()
    assert first.digest("touch")
    (tmp_path / "a.yaml").write_text(TOUCH.replace("version: 1", "version: 22"))
    assert folder.current().digest("touch") != first.digest("touch")
    (tmp_path / "a.yaml").write_text("id: [")
    assert not folder.current().templates


def test_the_command_checks_and_its_exit_code_tells(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TOUCH)
    good = CliRunner().invoke(app, ["check", str(tmp_path), "--json"])
    assert json.loads(good.stdout) == {"ok": True, "templates": 1, "mistakes": []}
    (tmp_path / "b.yaml").write_text(TOUCH.replace("risk: low", "risk: huge"))
    bad = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert bad.exit_code == 1
    assert f"{tmp_path / 'b.yaml'}:5: risk" in bad.stderr.replace("\n", "")


def test_the_command_lists_what_may_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text(TOUCH)
    monkeypatch.setenv("RECALL_ACTIONS_DIR", str(tmp_path))
    listed = CliRunner().invoke(app, ["list", "--json"])
    [row] = json.loads(listed.stdout)["actions"]
    assert (row["id"], row["risk"], row["may_approve"]) == ("touch", "low", "a lead")
