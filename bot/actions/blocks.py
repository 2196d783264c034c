"""The block of each executor that does something, as a template writes it and, with every
placeholder filled in, as a request freezes it."""

import re
import shlex
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from bot.actions.binaries import why_not_binary
from bot.actions.digest import canonical
from bot.actions.fields import (
    Filled,
    Header,
    Name,
    Secretive,
    Variable,
    no_secret,
    texts_of,
)
from bot.suggestions.model import Value

_ONE_SECRET = re.compile(r"\$\{secret:[A-Z][A-Z0-9_]*\}", re.ASCII)
_OBJECT = re.compile(
    r"(deployment|statefulset|daemonset|pod|cronjob)/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    r"/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|node/[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
    re.ASCII,
)
_MOST_REPLICAS = 1_000
VERBS = {
    "rollout_restart": ("deployment", "statefulset", "daemonset"),
    "rollout_undo": ("deployment",),
    "scale": ("deployment", "statefulset"),
    "cordon": ("node",),
    "delete_pod": ("pod",),
    "job_from_cronjob": ("cronjob",),
}
"""What can be done in Kubernetes, and with which kinds of object."""


def _one_secret(text: str) -> str:
    if text and not _ONE_SECRET.fullmatch(text):
        raise ValueError("name one secret of the runner and nothing else: ${secret:NAME}")
    return text


OneSecret = Annotated[str, Field(max_length=100), AfterValidator(_one_secret)]
"""A credential: by name, never as text."""


def object_problem(text: str) -> str | None:
    """Why `text` names no object as `kind/namespace/name`; None where it does."""
    if _OBJECT.fullmatch(text):
        return None
    return f"{text!r} is no object: write kind/namespace/name, or node/name"


def _no_reserved(env: dict[str, str], *prefixes: str) -> None:
    refused = ("LD_", "DYLD_", "PYTHON", "BASH", *prefixes)
    bad = {"PATH", "HOME", "LANG"} & set(env) or {n for n in env if n.startswith(refused)}
    if bad:
        raise ValueError(f"`env` may not set {', '.join(sorted(bad))}")


class Command(Value):
    """A program of this machine, started without a shell. `argv[0]` is an absolute path without
    placeholders. `env` is all of its environment beside PATH, HOME and LANG."""

    argv: Annotated[tuple[Filled, ...], Field(min_length=1, max_length=64)]
    folder: Annotated[str, Field(pattern=r"^/[^\x00]*$", max_length=500)] = "/"
    env: dict[Variable, Secretive] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _runs_a_program(self) -> "Command":
        if problem := why_not_binary(self.argv[0]):
            raise ValueError(problem)
        _no_reserved(self.env)
        return self

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        parts = [shlex.join(self.argv)]
        if self.folder != "/":
            parts.append(f"in {self.folder}")
        return "\n".join(parts + _pairs("with", self.env))


def plain_host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write an http or https address with its host")
    if "$" in parts.netloc or "@" in parts.netloc:
        raise ValueError("the host stands in the template as it is: no placeholder, no user")
    return url


class Http(Value):
    """A request. Placeholders in `url` fill its path and query, percent-encoded; those in `body`
    fill texts of the JSON. The host must be in the runner's list."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Annotated[
        str, Field(max_length=1_000), AfterValidator(no_secret), AfterValidator(plain_host)
    ]
    headers: dict[Header, Secretive] = Field(default_factory=dict)
    body: Any = None
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = (200, 201, 202, 204)

    @model_validator(mode="after")
    def _body_is_texts(self) -> "Http":
        for text in texts_of(self.body):
            no_secret(text)
        if any("\r" in value or "\n" in value for value in self.headers.values()):
            raise ValueError("a header is one line")
        return self

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        parts = [f"{self.method} {self.url}"]
        parts += [f"{name}: {value}" for name, value in sorted(self.headers.items())]
        if self.body is not None:
            parts.append(canonical(self.body))
        return "\n".join(parts)


class Kubernetes(Value):
    """One of a few deeds on one object of the inventory. `server` is the API's address, whose
    host must be in the runner's list; `token` and `ca` (PEM; the system's by default) are secrets
    of the runner. With `dry_run` the API checks everything and keeps nothing."""

    server: Annotated[str, Field(max_length=300), AfterValidator(plain_host)]
    token: OneSecret
    ca: OneSecret = ""
    verb: Literal[
        "rollout_restart", "rollout_undo", "scale", "cordon", "delete_pod", "job_from_cronjob"
    ]
    object: Filled
    replicas: Annotated[str, Field(max_length=60), AfterValidator(no_secret)] = ""
    dry_run: bool = False

    @model_validator(mode="after")
    def _fits_its_verb(self) -> "Kubernetes":
        parts = urlsplit(self.server)
        if "$" in self.server or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("`server` is scheme, host and port, without a placeholder")
        if not self.token:
            raise ValueError("`token` names the secret to sign in with: ${secret:NAME}")
        if (self.verb == "scale") != bool(self.replicas):
            raise ValueError("`replicas` belongs to `verb: scale`, which needs it")
        if "${" not in self.replicas and self.replicas and not self._is_count():
            raise ValueError(f"`replicas` is a whole number from 0 to {_MOST_REPLICAS}")
        if "${" not in self.object and (problem := object_problem(self.object)):
            raise ValueError(problem)
        kind = self.object.partition("/")[0]
        if "${" not in kind and kind not in VERBS[self.verb]:
            raise ValueError(f"{self.verb} is for {', '.join(VERBS[self.verb])}, not for {kind}")
        return self

    def _is_count(self) -> bool:
        return bool(re.fullmatch(r"[0-9]{1,4}", self.replicas)) and (
            int(self.replicas) <= _MOST_REPLICAS
        )

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        to = f" to {self.replicas}" if self.replicas else ""
        dry = "\nas a dry run: the API keeps nothing" if self.dry_run else ""
        ca = f", trusting {self.ca}" if self.ca else ""
        return f"{self.verb} {self.object}{to}\nat {self.server} with {self.token}{ca}{dry}"


class Ssh(Value):
    """A program on another host of the inventory. The host must be in the runner's list, and its
    key in `known_hosts` of the actions folder; `key` is the secret with the private key."""

    host: Filled
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
    key: OneSecret
    argv: Annotated[tuple[Filled, ...], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _runs_a_program(self) -> "Ssh":
        if problem := why_not_binary(self.argv[0]):
            raise ValueError(problem)
        if not self.key:
            raise ValueError("`key` names the secret to sign in with: ${secret:NAME}")
        if any(ord(char) < 32 or ord(char) == 127 for text in self.argv for char in text):
            raise ValueError("an argument is one line without control characters")
        return self

    @property
    def line(self) -> str:
        """What the other side's login shell is given: every argument quoted as one word."""
        return shlex.join(self.argv)

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        return f"{self.line}\non {self.host}:{self.port} as {self.user} with {self.key}"


class Ansible(Value):
    """A playbook of the folder `playbooks` beside the templates, on the inventory file there.
    `vars` become a data file in which nothing is read as a Jinja template. `key` is the secret
    with the private key for ssh. `playbooks_digest` is filled in when a request is frozen: the
    SHA-256 over that whole folder. With `dry_run` Ansible only checks."""

    playbook: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.ya?ml$")]
    inventory: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,80}$")] = "hosts.ini"
    vars: dict[Name, Filled] = Field(default_factory=dict)
    env: dict[Variable, Secretive] = Field(default_factory=dict)
    key: OneSecret = ""
    dry_run: bool = False
    playbooks_digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$|^$")] = ""

    @model_validator(mode="after")
    def _leaves_ansible_alone(self) -> "Ansible":
        _no_reserved(self.env, "ANSIBLE_", "SSH_")
        if reserved := sorted(n for n in self.vars if n.startswith("ansible_")):
            raise ValueError(f"`vars` may not set {', '.join(reserved)}: that steers Ansible")
        if any(mark in text for text in self.vars.values() for mark in ("{{", "{%", "{#")):
            raise ValueError("`vars` are data: no {{, {% or {# in them")
        return self

    @property
    def shown(self) -> str:
        """All of it as a person reads it."""
        dry = ["as a dry run: Ansible only checks"] if self.dry_run else []
        key = [f"with {self.key}"] if self.key else []
        head = [f"playbook {self.playbook} on {self.inventory}"]
        digest = [f"playbooks {self.playbooks_digest[:12]}"] if self.playbooks_digest else []
        return "\n".join(
            head + _pairs("where", self.vars) + _pairs("with", self.env) + key + digest + dry
        )


def _pairs(word: str, values: dict[str, str]) -> list[str]:
    return [f"{word} {name}={value}" for name, value in sorted(values.items())]
