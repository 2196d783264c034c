"""Filling the values of parameters in: each block by the rules of what it talks to. Pure."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from bot.actions.blocks import Ansible, Command, Http, Kubernetes, Ssh, object_problem
from bot.actions.catalogue import ActionCatalogue
from bot.actions.fields import PLACEHOLDER, SECRET
from bot.actions.parameters import WrongValues
from bot.actions.queries import LogsQuery, PrometheusQuery, SqlRead, filled_query

_ONE_WORD = re.compile(r"[A-Za-z0-9_@%+=:,./-]+", re.ASCII)
"""What every shell reads as one word, quoted or not."""
_JINJA = ("{{", "{%", "{#")
Q = TypeVar("Q", PrometheusQuery, LogsQuery)


def fill_text(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _secretive(text: str, values: Mapping[str, str]) -> str:
    """Filled in, and naming the very secrets that the template names: no value adds one."""
    filled = fill_text(text, values)
    if SECRET.findall(filled) != SECRET.findall(text):
        raise WrongValues({"": "what is filled in may not name a secret"})
    return filled


def fill_command(command: Command, values: Mapping[str, str]) -> Command:
    argv = [command.argv[0]]
    for argument in command.argv[1:]:
        filled = fill_text(argument, values)
        if argument.startswith("${") and filled.startswith("-"):
            raise WrongValues({"": f"{filled!r} could be taken for an option of {argv[0]}"})
        argv.append(filled)
    env = {name: _secretive(text, values) for name, text in command.env.items()}
    return Command(argv=tuple(argv), folder=command.folder, env=env)


def _in_url(text: str, values: Mapping[str, str]) -> str:
    """Percent-encoded whole, so that a value is one piece of a path or query; a piece that is
    dots alone would lead out of its folder."""

    def filled(match: Any) -> str:
        value = values[match[1]]
        if set(value) <= {"."}:
            raise WrongValues({str(match[1]): "may not be dots alone"})
        return quote(value, safe="")

    return PLACEHOLDER.sub(filled, text)


def fill_http(http: Http, values: Mapping[str, str]) -> Http:
    return Http(
        method=http.method,
        url=_in_url(http.url, values),
        headers={name: _secretive(text, values) for name, text in http.headers.items()},
        body=_in_json(http.body, values),
        expect=http.expect,
    )


def _in_json(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return fill_text(value, values)
    if isinstance(value, dict):
        return {key: _in_json(part, values) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_in_json(part, values) for part in value]
    return value


def fill_kubernetes(
    block: Kubernetes, values: Mapping[str, str], catalogue: ActionCatalogue
) -> Kubernetes:
    """The object must be one of the inventory, whatever parameters it was put together from."""
    named = fill_text(block.object, values)
    if problem := object_problem(named):
        raise WrongValues({"": problem})
    if not catalogue.inventory.has_object(named):
        raise WrongValues({"": f"{named} is no object of the inventory"})
    filled = block.model_dump() | {
        "object": named,
        "replicas": fill_text(block.replicas, values),
    }
    return Kubernetes.model_validate(filled)


def fill_ssh(block: Ssh, values: Mapping[str, str], catalogue: ActionCatalogue) -> Ssh:
    """A login shell reads the line on the other side: every argument is quoted, and a value that
    any shell could read as more than a word is refused besides."""
    host = fill_text(block.host, values)
    if host not in catalogue.inventory.hosts:
        raise WrongValues({"": f"{host} is no host of the inventory"})
    used = {name for text in block.argv for name in PLACEHOLDER.findall(text)}
    if wrong := sorted(name for name in used if not _ONE_WORD.fullmatch(values[name])):
        raise WrongValues(dict.fromkeys(wrong, "holds what a shell could read"))
    argv = fill_command(Command(argv=block.argv), values).argv
    return Ssh.model_validate(block.model_dump() | {"host": host, "argv": argv})


def fill_ansible(block: Ansible, values: Mapping[str, str], catalogue: ActionCatalogue) -> Ansible:
    """Names the playbooks as they are now, so that an edit of one undoes an approval."""
    filled = {name: fill_text(text, values) for name, text in block.vars.items()}
    if wrong := sorted(n for n, text in filled.items() if any(m in text for m in _JINJA)):
        raise WrongValues({"": f"{', '.join(wrong)}: Ansible could read it as a template"})
    env = {name: _secretive(text, values) for name, text in block.env.items()}
    digest = catalogue.playbooks
    changes = {"vars": filled, "env": env, "playbooks_digest": digest}
    return Ansible.model_validate(block.model_dump() | changes)


def fill_query(block: Q, values: Mapping[str, str]) -> Q:
    """Every value escaped for where it stands."""
    try:
        query = filled_query(block.query, values)
    except ValueError as error:
        raise WrongValues({"": f"cannot be filled in: {error}"}) from None
    headers = {name: _secretive(text, values) for name, text in block.headers.items()}
    return type(block).model_validate(block.model_dump() | {"query": query, "headers": headers})


def fill_sql(block: SqlRead, values: Mapping[str, str]) -> SqlRead:
    """The query stays as it is; the values go beside it."""
    names = PLACEHOLDER.findall(block.query)
    bound = {name: values[name] for name in names}
    return SqlRead.model_validate(block.model_dump() | {"values": bound})
