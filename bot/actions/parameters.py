"""Typed parameters: what may be filled in, and what is filled in where nobody does. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.actions.fields import read_length, written_length
from bot.actions.template import ActionTemplate, Parameter

LONGEST = 256
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)


class WrongValues(ValueError):
    """`problems` has a sentence for each parameter that cannot be taken."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Known:
    """What parameters of type service, host and object may name. An object may hold `*`, which
    stands for letters, digits and dashes."""

    services: Sequence[str] = ()
    hosts: Sequence[str] = ()
    objects: Sequence[str] = ()


def choices_of(parameter: Parameter, known: Known) -> Sequence[str] | None:
    """All that may be chosen; None where the value is typed."""
    match parameter.type:
        case "enum":
            return parameter.choices
        case "service":
            return known.services
        case "host":
            return known.hosts
        case "object":
            mine = [one for one in known.objects if _is_of(parameter, one)]
            return None if any("*" in one for one in mine) else mine
        case _:
            return None


def checked(template: ActionTemplate, given: Mapping[str, str], known: Known) -> dict[str, str]:
    """The value of every parameter, as it will be filled in. Raises WrongValues."""
    problems = {
        name: "is no parameter of this action"
        for name in given
        if name not in {one.name for one in template.parameters}
    }
    values: dict[str, str] = {}
    for parameter in template.parameters:
        value = given.get(parameter.name, "").strip() or parameter.default
        problem = why_not(parameter, value, known)
        if problem:
            problems[parameter.name] = problem
        elif parameter.type == "duration":
            values[parameter.name] = written_length(_length(value))
        elif parameter.type == "integer":
            values[parameter.name] = str(int(value))
        else:
            values[parameter.name] = value
    if problems:
        raise WrongValues(problems)
    return values


def _length(value: str) -> timedelta:
    length = read_length(value)
    assert isinstance(length, timedelta)
    return length


def why_not(parameter: Parameter, value: str, known: Known) -> str | None:
    """Why the value may not be filled in, in a sentence; None where it may."""
    if not value:
        return "say what to fill in here"
    if len(value) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if _UNSEEN.search(value):
        return "holds characters that nobody can see"
    if "${" in value:
        return "may not hold ${: what is filled in names no parameter and no secret"
    match parameter.type:
        case "integer":
            return _why_not_integer(parameter, value)
        case "duration":
            return _why_not_duration(parameter, value)
        case "string":
            if value.startswith("-"):
                return "may not begin with a dash: it could be taken for an option"
            if not re.fullmatch(parameter.pattern or "", value, re.ASCII):
                return f"does not match {parameter.pattern}"
            return None
        case "object":
            mine = [one for one in known.objects if _is_of(parameter, one)]
            return None if fits_object(value, mine) else "is no object of the inventory"
        case _:
            if value not in (choices_of(parameter, known) or ()):
                return (
                    f"is no {'choice' if parameter.type == 'enum' else parameter.type} known here"
                )
            return None


def _is_of(parameter: Parameter, written: str) -> bool:
    return parameter.kind is None or written.partition("/")[0] == parameter.kind


def fits_object(value: str, objects: Sequence[str]) -> bool:
    """Whether an object is one of those: `pod/shop/checkout-*` fits every pod of checkout."""
    return any(
        re.fullmatch(re.escape(one).replace(r"\*", "[a-z0-9-]*"), value, re.ASCII)
        for one in objects
    )


def _why_not_integer(parameter: Parameter, value: str) -> str | None:
    low, high = parameter.minimum, parameter.maximum
    assert low is not None
    assert high is not None
    if not _NUMBER.fullmatch(value) or not low <= int(value) <= high:
        return f"is a whole number from {low} to {high}"
    return None


def _why_not_duration(parameter: Parameter, value: str) -> str | None:
    assert parameter.shortest is not None
    assert parameter.longest is not None
    told = f"{written_length(parameter.shortest)} to {written_length(parameter.longest)}"
    try:
        length = _length(value)
    except ValueError:
        return f"is a length of time from {told}"
    if not parameter.shortest <= length <= parameter.longest:
        return f"is a length of time from {told}"
    return None


def defaults(
    template: ActionTemplate,
    labels: Mapping[str, str],
    service: str | None,
    known: Known,
) -> dict[str, str]:
    """What is filled in before anybody does: from the incident's labels where they are valid,
    else the template's own default. Labels come from outside: what does not fit is left out."""
    found: dict[str, str] = {}
    for parameter in template.parameters:
        candidates = [labels.get(label, "") for label in parameter.default_from]
        if parameter.type == "service" and service:
            candidates.append(service)
        candidates.append(parameter.default)
        for value in candidates:
            if value and why_not(parameter, value, known) is None:
                found[parameter.name] = value
                break
    return found


def offered_values(
    template: ActionTemplate, given: Mapping[str, str], known: Known
) -> tuple[dict[str, str], tuple[str, ...]]:
    """(what may be filled in of `given`, the names of what may not). What a page says is judged
    like what a person types: no parameter takes more because a page says it."""
    parameters = {one.name: one for one in template.parameters}
    taken = {
        name: value.strip()
        for name, value in given.items()
        if name in parameters and why_not(parameters[name], value.strip(), known) is None
    }
    return taken, tuple(name for name in given if name not in taken)
