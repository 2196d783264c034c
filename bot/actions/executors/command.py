"""The command executor: a program of an allow-list, without a shell."""

import os
from collections.abc import Iterable
from pathlib import Path

from bot.actions.binaries import is_refused, why_not_binary
from bot.actions.blocks import Command
from bot.actions.executors.port import Ended, NotAllowed, Outcome, Run, with_secrets
from bot.actions.executors.process import SEARCH_PATH, run_process
from bot.actions.frozen import Step


class CommandExecutor:
    """Starts `argv` as it stands: clean environment, its own process group, limits, a deadline
    after which the whole group is killed. `allowed` are absolute paths."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.command is not None
        try:
            self._check(step.command)
            environment = self._environment(step.command, run)
        except NotAllowed as error:
            return Outcome(Ended.REFUSED, detail=str(error))
        return run_process(step.command.argv, step.command.folder, environment, run)

    def _check(self, command: Command) -> None:
        program = command.argv[0]
        if problem := why_not_binary(program):
            raise NotAllowed(problem)
        if program not in self._allowed:
            raise NotAllowed(f"{program} is not in RECALL_RUNNER_COMMANDS")
        real = Path(program).resolve()
        # A link with an innocent name may lead to an interpreter.
        if is_refused(real.name):
            raise NotAllowed(f"{program} is {real.name}, which is never allowed")
        if not os.access(real, os.X_OK) or not real.is_file():
            raise NotAllowed(f"{program} is no program that the runner can start")

    @staticmethod
    def _environment(command: Command, run: Run) -> dict[str, str]:
        own = {name: with_secrets(text, run.secrets) for name, text in command.env.items()}
        return {"PATH": SEARCH_PATH, "HOME": "/nonexistent", "LANG": "C.UTF-8", **own}
