"""`recall serve` before anything runs: what stops it, and with which word."""

import logging
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.serve import app


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """The command sets up logging for a process of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def serve(folder: Path, *arguments: str, **settings: str) -> Result:
    environment = {"RECALL_DATA_DIR": str(folder), "RECALL_CONFIG": "", **settings}
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_a_port_that_is_taken_is_told_with_what_to_set(tmp_path: Path, busy_port: int) -> None:
    ended = serve(tmp_path, "--port", str(busy_port))
    assert ended.exit_code == 2
    assert f"cannot listen on 127.0.0.1:{busy_port}" in ended.stderr
    assert "RECALL_PORT" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("port", ["65536", "99999", "-1", "http"])
def test_a_port_that_is_none_is_wrong_usage(tmp_path: Path, port: str) -> None:
    ended = serve(tmp_path, "--port", port)
    assert ended.exit_code == 2
    assert "--port" in ended.stderr


def test_a_host_that_is_not_this_machine_is_told(tmp_path: Path) -> None:
    ended = serve(tmp_path, "--host", "192.0.2.1", "--port", "0")
    assert ended.exit_code == 2
    assert "cannot listen on 192.0.2.1:0" in ended.stderr


def test_a_settings_file_that_is_broken_is_named(tmp_path: Path) -> None:
    config = tmp_path / "recall.toml"
    config.write_text("port = eighty\n")
    ended = serve(tmp_path, "--config", str(config))
    assert ended.exit_code == 2
    assert "recall.toml cannot be read" in ended.stderr


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    ended = serve(tmp_path / "file" / "data", "--port", "0")
    assert ended.exit_code == 1
    assert re.search(r"recall\.db cannot be made .*make its folder writable", ended.stderr)
