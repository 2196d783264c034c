"""What executors talk to in tests: an sshd, a Kubernetes API, a database, and an actions folder
with the playbooks and known hosts."""

import asyncio
import subprocess
import threading
from pathlib import Path
from typing import Any

import asyncssh

from bot.actions.playbooks import playbooks_digest
from tests.support.kubernetes_api import KubernetesApi
from tests.support.postgres import server as postgres

HOSTS = (
    "local ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
)
PLAY = "- hosts: all\n  gather_facts: false\n  tasks:\n    - {}\n"
TASKS = {
    "works": "ansible.builtin.debug: {msg: '{{ word }}'}",
    "fails": "ansible.builtin.fail: {msg: no}",
    "slow": "ansible.builtin.command: {argv: [/bin/sleep, '20']}",
}


class SshServer:
    """A real asyncssh server on loopback; what it is asked to run is given to /bin/sh, as a
    login shell would be. It trusts one user key."""

    def __init__(self, user_key: asyncssh.SSHKey) -> None:
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._trusted = asyncssh.import_authorized_keys(user_key.export_public_key().decode())
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _listen(self) -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.host_key],
            authorized_client_keys=self._trusted,
            process_factory=self._process,
            encoding=None,
        )

    @staticmethod
    async def _process(process: Any) -> None:
        shell = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", process.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            assert shell.stdout is not None
            while printed := await shell.stdout.read(4_096):
                process.stdout.write(printed)
            process.exit(await shell.wait())
        finally:
            if shell.returncode is None:
                shell.kill()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)


class House:
    """All of them; `secrets` are what the runner holds."""

    def __init__(self, folder: Path) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.folder = folder
        (folder / "log").write_text("first\n")
        self.log = str(folder / "log")
        self.ssh = SshServer(key)
        self.kubernetes = KubernetesApi("sup3r-s3cret")
        books = folder / "playbooks"
        books.mkdir()
        (books / "hosts.ini").write_text(HOSTS)
        for name, task in TASKS.items():
            (books / f"{name}.yml").write_text(PLAY.format(task))
        self.digest = playbooks_digest(books)
        self.knows(self.ssh.host_key)
        self.secrets = {
            "TOKEN": "sup3r-s3cret",
            "SSH_KEY": key.export_private_key().decode(),
            "DATABASE": postgres().url("postgres"),
            "NO_DATABASE": "mysql://elsewhere.example/x",
        }

    def knows(self, key: asyncssh.SSHKey) -> None:
        line = f"[localhost]:{self.ssh.port} {key.export_public_key().decode()}"
        (self.folder / "known_hosts").write_text(line)

    def close(self) -> None:
        self.ssh.close()
        self.kubernetes.close()
