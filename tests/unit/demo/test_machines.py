"""The demo's machines: real processes, real connections, and a door that does only what it may."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.demo.machines.client import Pool, connect
from bot.demo.machines.plant import Plant, PlantPlan, ProgramPlan, _first_lines
from bot.demo.machines.slots import Slots, SlotServer
from bot.demo.machines.watcher import STEADY_READINGS, Reading, Rule, look, read

PLAN = PlantPlan(
    slots=6,
    of="slots of a database",
    programs=[
        ProgramPlan(name="leaky", holds=5, afterwards=1, mended_by=("restart", "leaky")),
        ProgramPlan(name="shop", holds=2, afterwards=2),
    ],
)
PATIENCE = 30.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    """Whether that process runs; one that has ended but is not reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


# -- slots ---------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[SlotServer]:
    with SlotServer(Slots(3)) as there:
        threading.Thread(target=there.serve_forever, daemon=True).start()
        yield there
        there.shutdown()


def test_a_slot_is_held_as_long_as_its_connection(server: SlotServer) -> None:
    first, answer = connect(server.port, "take shop")
    assert answer == "ok"
    assert read(server.port) == Reading(total=3, taken=1)
    first.close()
    until(lambda: read(server.port).taken == 0)


def test_who_comes_when_all_are_taken_is_turned_away_and_counted(server: SlotServer) -> None:
    pool, late = Pool(server.port, "leaky", 5), Pool(server.port, "shop", 2)
    assert not pool.fill()
    assert len(pool.held) == 3
    there, answer = connect(server.port, "take shop")
    there.close()
    assert answer == "full"
    assert read(server.port) == Reading(total=3, taken=3, refused=2)
    pool.held.pop().close()
    until(lambda: read(server.port).taken == 2)
    assert not late.fill()
    assert read(server.port) == Reading(total=3, taken=3, refused=3)
    for there in (*pool.held, *late.held):
        there.close()


@pytest.mark.parametrize("line", ["", "take", "take  ", "drop shop", "\x00", "count" * 80])
def test_what_it_does_not_understand_takes_no_slot(server: SlotServer, line: str) -> None:
    there, answer = connect(server.port, line)
    there.close()
    assert answer in ("what?", "")
    assert read(server.port).taken == 0


# -- the watcher's rules -------------------------------------------------------------------


def rule(**changes: object) -> Rule:
    raw = {
        "source": "grafana",
        "name": "Full",
        "labels": {},
        "annotations": {},
        "measures": "taken",
    }
    return Rule({**raw, "from": 18, "below": 5, "fires": False, **changes})


def sent(rules: list[Rule], *readings: int) -> list[list[str]]:
    """What is sent after each reading, of slots taken and of clients refused alike."""
    return [
        [f"{one.alert.name} {status}" for one, status in look(rules, reading)]
        for reading in (Reading(total=20, taken=number, refused=number) for number in readings)
    ]


def test_a_rule_fires_once_and_ends_only_when_it_has_been_calm_for_long() -> None:
    calm = [4] * (STEADY_READINGS - 1)
    rules = [rule()]
    assert sent(rules, 17, 18, 20) == [[], ["Full firing"], []]
    assert not any(sent(rules, *calm, 12, *calm)), "between the bounds it is not calm"
    assert sent(rules, 4) == [["Full resolved"]]
    assert not any(sent(rules, *calm, 4, 4))
    assert sent(rules, 18) == [["Full firing"]]


def test_a_rule_that_fires_already_only_ends() -> None:
    rules = [rule(measures="refused", fires=True, **{"from": 1, "below": 1})]
    assert sent(rules, 3, 1) == [[], []]
    assert sent(rules, *[0] * STEADY_READINGS)[-1] == ["Full resolved"]


def test_rules_that_are_watched_together_end_together_in_their_order() -> None:
    rules = [rule(), rule(name="Refused", fires=True, **{"below": 15})]
    assert sent(rules, 18) == [["Full firing"]]
    assert not any(sent(rules, *[9] * 2 * STEADY_READINGS)), "one of them is calm, one is not"
    assert sent(rules, *[4] * STEADY_READINGS)[-1] == ["Full resolved", "Refused resolved"]


# -- the plant -----------------------------------------------------------------------------


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with Plant(tmp_path / "pro grams", PLAN, ["restart", "upgrade"]) as there:
        until(lambda: there.reading().taken == 6)
        yield there


def runs(plant: Plant, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """As the runner does: no environment but this."""
    [program] = [path for path in plant.commands if path.name == name]
    return subprocess.run(
        [str(program), *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_restarting_the_leaking_program_frees_the_slots(plant: Plant) -> None:
    before = plant.pid_of("leaky")
    ran = runs(plant, "restart", "--", "leaky")
    assert ran.returncode == 0, ran
    assert f"asking leaky (process {before}) to end" in ran.stdout
    assert "slots of a database are taken" in ran.stdout
    assert not is_there(before)
    assert plant.pid_of("leaky") != before
    until(lambda: plant.reading().taken == 3)
    plant.relapse()
    until(lambda: plant.reading().taken == 6)


def test_what_mends_nothing_starts_its_program_as_it_was(plant: Plant) -> None:
    assert runs(plant, "upgrade", "--", "leaky").returncode == 0
    until(lambda: plant.reading().taken == 6)


@pytest.mark.parametrize("what", ["nobody", "leaky; reboot", "$(reboot)", "-x", "leaky\nshop", ""])
def test_a_program_that_is_not_there_is_not_started(plant: Plant, what: str) -> None:
    before = plant.pid_of("leaky"), plant.pid_of("shop")
    assert runs(plant, "restart", "--", what).returncode == 1
    assert (plant.pid_of("leaky"), plant.pid_of("shop")) == before


@pytest.mark.parametrize("arguments", [(), ("leaky",), ("--", "a", "b"), ("leaky", "--")])
def test_an_action_that_is_called_wrongly_says_so(plant: Plant, arguments: tuple[str, ...]) -> None:
    ran = runs(plant, "restart", *arguments)
    assert ran.returncode == 2
    assert "usage" in ran.stderr


@pytest.mark.parametrize(
    "order",
    [
        b"\n",
        b"{}\n",
        b"[1]\n",
        b"null\n",
        b"[" * 1_500 + b"\n",
        b"\xff\n",
        json.dumps({"token": "guessed", "do": "restart", "what": "leaky"}).encode() + b"\n",
    ],
)
def test_whoever_does_not_know_the_token_reaches_nothing(
    plant: Plant, tmp_path: Path, order: bytes
) -> None:
    before = plant.pid_of("leaky")
    control = tmp_path / "pro grams" / "control.json"
    assert control.stat().st_mode & 0o077 == 0
    port = json.loads(control.read_text())["port"]
    with socket.create_connection(("127.0.0.1", port), 10) as there:
        there.sendall(order)
        assert there.recv(1_000) in (b"that is no order\n", b"that is not the token\n")
    assert plant.pid_of("leaky") == before


def test_the_programs_end_with_whoever_started_them(tmp_path: Path) -> None:
    """Also when that one is killed and can close nothing."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.unit.demo.test_machines import PLAN\n"
        "from bot.demo.machines.plant import Plant\n"
        "with Plant(Path(sys.argv[1]), PLAN, ['restart']) as plant:\n"
        "    print(plant.pid_of('leaky'), plant.pid_of('shop'), flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout as out:
        pids = [int(part) for part in out.readline().split()]
    assert len(pids) == 2
    assert all(is_there(pid) for pid in pids)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not any(is_there(pid) for pid in pids))


def test_a_program_finds_a_python_whose_path_has_spaces(tmp_path: Path) -> None:
    python = tmp_path / "my programs" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    program = tmp_path / "says"
    program.write_text(f"{_first_lines(str(python))}import sys\nsys.stdout.write(sys.argv[1])\n")
    program.chmod(0o700)
    ran = subprocess.run(
        [str(program), "$(reboot) 'two words'"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (ran.stdout, ran.returncode) == ("$(reboot) 'two words'", 0), ran.stderr
