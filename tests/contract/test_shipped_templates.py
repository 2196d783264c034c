"""The templates in docs/actions ask each tool for what its API takes, over real HTTP."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.actions.catalogue import read_actions
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.port import Ended, Run
from bot.actions.frozen import freeze
from bot.actions.parameters import Known
from tests.contract.test_executors import Server, server  # noqa: F401 - a fixture

FOLDER = Path(__file__).parents[2] / "docs" / "actions"
SECRETS = {
    name: f"value-of-{name}"
    for name in ("RUNDECK_TOKEN", "ST2_API_KEY", "GITHUB_TOKEN", "GITLAB_TOKEN", "ARGOCD_TOKEN")
}
VALUES = {"service": "shop", "release": "v1.2.3", "revision": "0a1b2c3d"}

WANTED: dict[str, tuple[str, tuple[str, str], dict[str, Any]]] = {
    "rundeck-restart": (
        r"/api/\d+/job/[0-9a-f-]{36}/executions",
        ("X-Rundeck-Auth-Token", "value-of-RUNDECK_TOKEN"),
        {"options": {"service": "shop"}, "loglevel": "INFO"},
    ),
    "stackstorm-restart": (
        r"/api/v1/executions",
        ("St2-Api-Key", "value-of-ST2_API_KEY"),
        {"action": "ops.restart_service", "parameters": {"service": "shop"}},
    ),
    "github-rollback": (
        r"/repos/[^/]+/[^/]+/actions/workflows/[^/]+/dispatches",
        ("Authorization", "Bearer value-of-GITHUB_TOKEN"),
        {"ref": "main", "inputs": {"service": "shop", "release": "v1.2.3"}},
    ),
    "gitlab-rollback": (
        r"/api/v4/projects/\d+/pipeline",
        ("PRIVATE-TOKEN", "value-of-GITLAB_TOKEN"),
        {
            "ref": "main",
            "variables": [
                {"key": "ACTION", "value": "rollback"},
                {"key": "SERVICE", "value": "shop"},
            ],
        },
    ),
    "argocd-sync": (
        r"/api/v1/applications/shop/sync",
        ("Authorization", "Bearer value-of-ARGOCD_TOKEN"),
        {"revision": "0a1b2c3d", "prune": False, "dryRun": False},
    ),
}


def test_each_of_them_can_be_used() -> None:
    catalogue, mistakes = read_actions(FOLDER)
    assert list(mistakes) == []
    assert set(catalogue.templates) == set(WANTED)


@pytest.mark.parametrize("name", sorted(WANTED))
def test_it_asks_for_what_the_tool_takes(
    name: str,
    server: Server,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    for file in FOLDER.glob("*.yaml"):
        local = re.sub(r"https://[a-z.]+", server.url, file.read_text(encoding="utf-8"))
        (tmp_path / file.name).write_text(re.sub(r"expect: .*", "expect: [200]", local))
    catalogue, _ = read_actions(tmp_path)
    template = catalogue.templates[name]
    values = {one.name: VALUES[one.name] for one in template.parameters}
    known = Known(services=("shop",))
    frozen = freeze(catalogue, template, values, known, environment=None, incident_key="RCL-1")
    assert "value-of" not in frozen.step.shown
    gate = HostGate(("localhost@127.0.0.0/8",), lambda host, port: ["127.0.0.1"])
    run = Run(seconds=5, on_output=lambda _: None, secrets=SECRETS)
    executor = HttpExecutor(gate)
    if frozen.dry_run is not None:
        assert executor.run(frozen.dry_run, run).ended is Ended.OK
        assert json.loads(server.seen.pop()[3])["dryRun"] is True
    assert executor.run(frozen.step, run).ended is Ended.OK
    [(method, path, headers, body)] = server.seen
    wanted_path, (header, value), wanted_body = WANTED[name]
    assert method == "POST"
    assert re.fullmatch(wanted_path, path)
    found = {key.lower(): text for key, text in headers.items()}
    assert found[header.lower()] == value
    assert json.loads(body) == wanted_body
