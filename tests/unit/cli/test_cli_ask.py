"""`recall ask`: beside a running server and on its own, with logs, and with nothing to ask."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.ask import app, show
from bot.demo.story import load_story
from bot.settings import load_settings
from bot.suggestions.public import PUBLIC_KEYS
from knowledge.embed.port import Embedder
from knowledge.index.folder_lock import FolderLock
from knowledge.index.generations import Generations
from tests.support.house import House
from tests.support.saying import one_cause, past_incident, step


def ask(folder: Path, *arguments: str, typed: str = "") -> Result:
    environment = {"RECALL_DATA_DIR": str(folder), "RECALL_CONFIG": ""}
    return CliRunner().invoke(app, list(arguments), env=environment, input=typed)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder) -> Path:
    """A data folder with a team's past in it, and no server on it."""
    folder = tmp_path_factory.mktemp("known")
    with House(folder, real_embedder):
        pass
    return folder


@pytest.fixture
def served(tmp_path: Path, real_embedder: Embedder) -> Iterator[Path]:
    """A data folder with a running engine on it."""
    with House(tmp_path, real_embedder) as house, tempfile.TemporaryDirectory() as short:
        settings = load_settings(environment={"RECALL_DATA_DIR": str(tmp_path)})
        house.engine.serve(Path(short) / "e.sock", settings.data_dir)
        yield tmp_path


def incidents_in(result: Result) -> list[str]:
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert tuple(told) == PUBLIC_KEYS
    return [incident["id"] for incident in told["incidents"]]


QUESTION = ("orders-db standby is far behind, replay does not move", "--label", "service=orders-db")


@pytest.mark.model
class TestOnTheModel:
    def test_with_and_without_a_running_server_the_answer_is_the_same(
        self, known: Path, served: Path
    ) -> None:
        alone = ask(known, *QUESTION, "--json")
        assert incidents_in(alone)
        assert incidents_in(ask(served, *QUESTION, "--json")) == incidents_in(alone)
        assert (alone.stderr, "\x1b" in alone.stdout) == ("", False)

    def test_a_log_from_a_file_and_from_standard_input_tells_the_cause(
        self, served: Path, tmp_path: Path
    ) -> None:
        cause = load_story().true_cause(1)
        log = tmp_path / "pod.log"
        log.write_text(cause.evidence_log)
        from_file = ask(served, "--log", str(log), "--json")
        assert cause.expected_incident in incidents_in(from_file)
        typed = ask(served, "--log", "-", "--json", typed=cause.evidence_log)
        assert incidents_in(typed) == incidents_in(from_file)

    def test_what_is_close_to_nothing_is_said_with_the_nearest_case(self, served: Path) -> None:
        told = ask(served, "espresso machine on floor 3 out of beans")
        assert told.exit_code == 0
        assert "Not seen before" in told.stdout
        assert "Nearest: " in told.stdout

    def test_words_for_people_cite_where_each_line_is_from(self, served: Path) -> None:
        told = ask(served, *QUESTION)
        assert told.exit_code == 0
        assert "Past incidents" in told.stdout
        assert "INC-" in told.stdout

    def test_an_index_that_another_process_holds_is_told(
        self, known: Path, real_embedder: Embedder
    ) -> None:
        lock = FolderLock(Generations(known / "index").home(real_embedder.generation))
        lock.acquire()
        try:
            told = ask(known, *QUESTION)
        finally:
            lock.release()
        assert told.exit_code == 1
        assert "in use by another process" in told.stderr
        assert told.stdout == ""


@pytest.mark.parametrize("arguments", [(), ("",), ("  \n ",)])
def test_with_nothing_to_ask_it_says_what_is_missing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    told = ask(tmp_path / "data", *arguments)
    assert told.exit_code == 2
    assert "say what to look for, or give a --log" in told.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("label", ["service", "=checkout", "  =x"])
def test_a_label_of_another_form_is_wrong_usage(tmp_path: Path, label: str) -> None:
    told = ask(tmp_path / "data", "what now", "--label", label)
    assert told.exit_code == 2
    assert "is not of the form name=value" in told.stderr


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = ask(tmp_path / "data", "--log", str(tmp_path / "gone.log"))
    assert told.exit_code == 2
    assert "gone.log" in told.stderr


def test_a_log_that_is_too_long_is_told_with_the_limit(tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_bytes(b"x" * 20_000_001)
    told = ask(tmp_path / "data", "--log", str(log))
    assert told.exit_code == 2
    assert "more than 20 MB" in told.stderr


def test_a_command_is_printed_whole_however_long_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"kubectl -n shop exec deploy/orders -- psql -c '{'select 1; ' * 20}'"
    show(one_cause(steps=(step(command, is_code=True, language="bash"),)))
    assert f"    {command}\n" in capsys.readouterr().out


def test_what_documents_say_cannot_give_orders_to_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = "\x1b]0;owned\x07\x1b[2J"
    show(
        one_cause(
            headline=f"{order}[bold]x[/bold]",
            incidents=(past_incident(title=order, cause=order, resolution=order),),
            steps=(step(order), step(order, is_code=True)),
        )
    )
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[bold]x[/bold]" in out
