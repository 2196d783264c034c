"""The ansible executor: a playbook of the catalogue's folder, run by ansible-core as a process.

ansible-core is under the GPL: none of it is imported here, it is only started.
"""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from bot.actions.blocks import Ansible
from bot.actions.executors.port import Ended, NotAllowed, Outcome, Run, with_secrets
from bot.actions.executors.process import SEARCH_PATH, run_process
from bot.actions.executors.ssh import KNOWN_HOSTS
from bot.actions.frozen import Step
from bot.actions.playbooks import PLAYBOOKS, playbooks_digest
from bot.errors import DataError


class AnsibleExecutor:
    """Runs a copy of the playbooks whose digest is the one that was approved. Values go into a
    data file, each marked as unsafe, which is Ansible's word for: never read as a template."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.ansible is not None
        with tempfile.TemporaryDirectory(prefix="recall-ansible-") as name:
            place = Path(name)
            try:
                if importlib.util.find_spec("ansible") is None:
                    raise NotAllowed(
                        "the runner lacks ansible-core: install oncall-recall[ansible] for it"
                    )
                environment = self._prepare(step.ansible, run, place)
            except (NotAllowed, DataError) as error:
                return Outcome(Ended.REFUSED, detail=str(error))
            except OSError as error:
                return Outcome(Ended.REFUSED, detail=f"nothing was run: {error}")
            if run.cancelled():
                return Outcome(Ended.CANCELLED, detail="was stopped before it was started")
            argv = _argv(step.ansible)
            return run_process(argv, str(place / PLAYBOOKS), environment, run)

    def _prepare(self, block: Ansible, run: Run, place: Path) -> dict[str, str]:
        """Everything it reads, in one folder of its own; gives its environment."""
        if self._folder is None or not (self._folder / PLAYBOOKS).is_dir():
            raise NotAllowed(f"there is no folder {PLAYBOOKS} in the actions folder")
        copy = place / PLAYBOOKS
        # What is looked at is the copy, so that nothing can change between looking and running.
        shutil.copytree(self._folder / PLAYBOOKS, copy, symlinks=True)
        if playbooks_digest(copy) != block.playbooks_digest:
            raise NotAllowed("the playbooks are not the ones that were approved")
        for file in (block.playbook, block.inventory):
            if not (copy / file).is_file():
                raise NotAllowed(f"there is no {file} among the playbooks")
            # An inventory that may be executed would be a program.
            (copy / file).chmod(0o600)
        (place / "vars.yaml").write_text(_unsafe(block.vars), encoding="utf-8")
        (place / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
        own = {name: with_secrets(text, run.secrets) for name, text in block.env.items()}
        environment = own | {
            "PATH": SEARCH_PATH,
            "HOME": str(place),
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(place / "ansible.cfg"),
            "ANSIBLE_HOME": str(place / "home"),
            "ANSIBLE_LOCAL_TEMP": str(place / "tmp"),
            "ANSIBLE_INVENTORY_ENABLED": "ini,yaml",
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_SSH_ARGS": _ssh_args(self._folder / KNOWN_HOSTS),
        }
        if block.key:
            key = place / "key"
            key.touch(mode=0o600)
            key.write_text(with_secrets(block.key, run.secrets).rstrip("\n") + "\n")
            environment["ANSIBLE_PRIVATE_KEY_FILE"] = str(key)
        return environment


def _ssh_args(known_hosts: Path) -> str:
    """No agent, no configuration of the user, and known hosts alone."""
    return (
        f"-F none -o UserKnownHostsFile='{known_hosts}' -o GlobalKnownHostsFile=none "
        "-o StrictHostKeyChecking=yes -o ForwardAgent=no -o IdentityAgent=none "
        "-o PasswordAuthentication=no -o BatchMode=yes"
    )


def _unsafe(values: dict[str, str]) -> str:
    """The data file. The mapping is marked and not each text: Ansible reads a marked text anew,
    and makes a truth value of "yes" and a number of "0x5"."""
    pairs = ", ".join(f"{_quoted(name)}: {_quoted(text)}" for name, text in values.items())
    return f"!unsafe {{{pairs}}}\n"


def _quoted(text: str) -> str:
    """A text in YAML's double quotes, all of it ASCII. JSON's would break what is past U+FFFF."""
    return '"' + "".join(one if _is_plain(one) else f"\\U{ord(one):08X}" for one in text) + '"'


def _is_plain(one: str) -> bool:
    return " " <= one <= "~" and one not in '"\\'


def _argv(block: Ansible) -> list[str]:
    """No value of a parameter is among the arguments."""
    check = ["--check"] if block.dry_run else []
    files = ["-i", block.inventory, "-e", "@../vars.yaml"]
    program = [sys.executable, "-I", "-m", "ansible", "playbook"]
    return [*program, *files, *check, "--", block.playbook]
