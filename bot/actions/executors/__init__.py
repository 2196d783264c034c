"""Executors: one file each, all in this dict. Adding one is a file, a line here, a golden case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ssl import SSLContext

from bot.actions.executors.command import CommandExecutor
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.port import Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerRules:
    """What the runner's own settings allow, whatever a template says."""

    commands: tuple[str, ...] = ()
    gate: HostGate
    verify: SSLContext | bool = True


EXECUTORS: Mapping[str, Callable[[RunnerRules], Executor]] = {
    "command": lambda rules: CommandExecutor(rules.commands),
    "http": lambda rules: HttpExecutor(rules.gate, rules.verify),
}
