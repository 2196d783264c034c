"""Executors: one file each, all in this dict. Adding one is a file, a line here, a golden case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext

from bot.actions.executors.ansible import AnsibleExecutor
from bot.actions.executors.command import CommandExecutor
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.kubernetes import KubernetesExecutor
from bot.actions.executors.port import Executor
from bot.actions.executors.queries import LogsExecutor, PrometheusExecutor
from bot.actions.executors.sql import SqlExecutor
from bot.actions.executors.ssh import SshExecutor


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerRules:
    """What the runner's own settings allow, whatever a template says. `folder` is the actions
    folder as the runner reads it: known hosts and playbooks are there."""

    commands: tuple[str, ...] = ()
    gate: HostGate
    verify: SSLContext | bool = True
    folder: Path | None = None


EXECUTORS: Mapping[str, Callable[[RunnerRules], Executor]] = {
    "ansible": lambda rules: AnsibleExecutor(rules.folder),
    "command": lambda rules: CommandExecutor(rules.commands),
    "http": lambda rules: HttpExecutor(rules.gate, rules.verify),
    "kubernetes": lambda rules: KubernetesExecutor(rules.gate, rules.verify),
    "logs_query": lambda rules: LogsExecutor(HttpExecutor(rules.gate, rules.verify)),
    "prometheus_query": lambda rules: PrometheusExecutor(HttpExecutor(rules.gate, rules.verify)),
    "sql_read": lambda rules: SqlExecutor(),
    "ssh": lambda rules: SshExecutor(rules.gate, rules.folder),
}
