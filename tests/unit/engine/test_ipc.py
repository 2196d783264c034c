"""Front and engine talk in JSON lines over a private Unix socket, with deadlines."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.engine.ipc import EngineServer, SocketEngineClient
from bot.errors import EngineUnavailable, Permanent
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.questions import SuggestRequest

ABSTENTION = Suggestion(
    id="s1", kind=SuggestionKind.ABSTENTION, answered=False, confidence=0.1,
    confidence_words="unsure", headline="Not seen before", receipt={"revision": 3},
)  # fmt: skip


@pytest.fixture
def woken() -> threading.Event:
    return threading.Event()


@pytest.fixture
def address(tmp_path: Path, woken: threading.Event) -> Iterator[Path]:
    def wake(_: object) -> dict[str, object]:
        woken.set()
        return {}

    def suggest(arguments: object) -> dict[str, object]:
        request = SuggestRequest.model_validate(arguments)
        if request.text == "bad":
            raise Permanent("no such thing")
        return ABSTENTION.model_copy(update={"headline": request.text}).model_dump(mode="json")

    path = tmp_path / "engine.sock"
    server = EngineServer(path, {"wake": wake, "suggest": suggest, "status": lambda _: {"a": 1}})
    server.start()
    yield path
    server.stop()


def test_a_question_comes_back_answered(address: Path) -> None:
    answer = SocketEngineClient(address).suggest(SuggestRequest(text="disk füll\n"), 5)
    assert answer.headline == "disk füll\n"
    assert answer.receipt == {"revision": 3}


def test_an_error_in_the_engine_is_told_to_the_caller(address: Path) -> None:
    with pytest.raises(EngineUnavailable, match="no such thing"):
        SocketEngineClient(address).suggest(SuggestRequest(text="bad"), 5)


def test_waking_reaches_the_engine(address: Path, woken: threading.Event) -> None:
    SocketEngineClient(address).wake()
    assert woken.wait(5)


def test_an_absent_engine_is_unavailable_and_waking_it_is_harmless(tmp_path: Path) -> None:
    client = SocketEngineClient(tmp_path / "nobody.sock")
    client.wake()
    assert client.status() is None
    with pytest.raises(EngineUnavailable, match="starting"):
        client.suggest(SuggestRequest(text="x"), 5)


def test_a_silent_engine_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(EngineUnavailable):
            SocketEngineClient(path).suggest(SuggestRequest(text="x"), 0.05)


def test_many_ask_at_once(address: Path) -> None:
    answers: list[str] = []

    def ask(number: int) -> None:
        request = SuggestRequest(text=str(number))
        answers.append(SocketEngineClient(address).suggest(request, 10).headline)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, answers)) == list(range(40))
