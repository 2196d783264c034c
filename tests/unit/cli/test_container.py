"""The Dockerfile and compose.yaml keep their promises: no root, pinned, checked, no secrets."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import COMMANDS
from bot.settings import Settings, variable_names

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
VARIABLES = {name for field in Settings.model_fields for name in variable_names(field)}


def _instructions(word: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line[len(word) + 1 :] for line in joined.splitlines() if line.startswith(f"{word} ")]


def _final_stage() -> str:
    return "FROM" + DOCKERFILE.rsplit("FROM", 1)[1]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return dict(compose["services"])


def test_the_image_is_built_in_stages_from_a_pinned_base() -> None:
    assert len(_instructions("FROM")) == 2
    assert re.search(r"ARG PYTHON=3\.1[123]-", DOCKERFILE)
    assert ":latest" not in DOCKERFILE


def test_the_image_does_not_run_as_root() -> None:
    final = _final_stage()
    assert re.findall(r"^USER (\S+)$", final, re.MULTILINE) == ["recall"]
    assert final.index("\nUSER recall") < final.index("\nCMD")


def test_every_make_target_and_variable_of_the_build_exists() -> None:
    (call,) = re.findall(r"&& make (install[^\n&]*)", DOCKERFILE)
    target, *variables = call.split()
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    for variable in variables:
        assert re.search(rf"^{variable.split('=')[0]} \?=", MAKEFILE, re.MULTILINE), variable


def test_every_file_that_is_copied_exists_and_is_in_the_build_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored.count("*") == 1
    for copied in _instructions("COPY"):
        if copied.startswith("--from"):
            continue
        for name in copied.split()[:-1]:
            assert f"!{name}" in ignored, name
            assert (ROOT / name).exists(), name


def test_the_command_and_the_health_check_are_commands_of_recall() -> None:
    assert _instructions("CMD") == ['["recall", "serve"]']
    (check,) = _instructions("HEALTHCHECK")
    assert check.endswith('CMD ["recall", "health"]')
    assert {"serve", "health"} <= set(COMMANDS)


def test_the_image_sets_only_settings_that_exist() -> None:
    named = set(re.findall(r"\b(RECALL_[A-Z_]+)=", DOCKERFILE))
    assert {"RECALL_DATA_DIR", "RECALL_HOST"} <= named <= VARIABLES
    assert _instructions("VOLUME") == ["/data"]
    assert _instructions("EXPOSE") == ["8080"]


def test_compose_runs_postgresql_and_waits_for_it(services: dict[str, Any]) -> None:
    assert re.fullmatch(r"postgres:17\.\d+-\w+", services["postgres"]["image"])
    assert "pg_isready" in services["postgres"]["healthcheck"]["test"][1]
    recall = services["recall"]
    assert recall["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert recall["healthcheck"]["test"] == ["CMD", "recall", "health"]
    assert recall["environment"]["RECALL_DATABASE_URL"].startswith("postgresql://")
    assert set(recall["environment"]) <= VARIABLES


def test_compose_holds_no_secret_and_opens_no_port_to_the_world(services: dict[str, Any]) -> None:
    for service in services.values():
        for name, value in service["environment"].items():
            if any(word in name for word in ("PASSWORD", "TOKEN", "SECRET")):
                assert re.fullmatch(r"\$\{\w+:[?-].*\}", value), name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), port
