"""Which programs the command executor never starts, whatever a list allows.

An interpreter or a wrapper takes a program as an argument: allowing one allows everything.
"""

import re
from pathlib import PurePosixPath

_NAMES = """
sh bash dash zsh ksh mksh ash fish csh tcsh busybox toybox env xargs find parallel watch
python pypy perl ruby irb node nodejs deno bun php lua luajit tclsh wish expect guile racket
julia rscript r java jshell groovy scala kotlin pwsh powershell awk gawk mawk nawk sed ed ex
vi vim nvim emacs nano less more man ssh scp sftp sshpass rsync telnet nc ncat netcat socat
sudo su doas pkexec runuser setpriv chroot unshare nsenter nohup setsid timeout nice ionice
chrt taskset stdbuf time script screen tmux at batch crontab strace ltrace gdb systemd-run
make cmake ninja git tar zip kubectl oc helm docker podman nerdctl crictl ctr ansible
ansible-playbook ansible-console psql mysql sqlite3 mongo mongosh redis-cli
"""
REFUSED = frozenset(_NAMES.split())
_VERSION = re.compile(r"[-_]?[0-9][0-9.]*[a-z]?$")


def is_refused(name: str) -> bool:
    """Whether a program of that file name may never be started: `python3.12` is `python`."""
    lowered = name.lower()
    return lowered in REFUSED or _VERSION.sub("", lowered) in REFUSED


def why_not_binary(path: str) -> str | None:
    """Why `path` may not be `argv[0]`, in a sentence; None where it may."""
    if "$" in path or not path.startswith("/") or ".." in PurePosixPath(path).parts:
        return f"{path!r} must be the absolute path of a program, without placeholders"
    name = PurePosixPath(path).name
    if is_refused(name):
        return f"{name} can start anything that it is told to, so it is never allowed"
    return None
