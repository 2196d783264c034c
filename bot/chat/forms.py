"""Forms: what a person is asked to fill in, never how a platform draws it."""

from collections.abc import Mapping
from typing import Literal

from bot.suggestions.model import Value


class Option(Value):
    value: str
    label: str


class Field(Value):
    """One thing to fill in. `kind` choice takes one of `options`, choices several.

    `filled_from` names the offer that `initial` comes from: it then takes the place of what was
    typed before, which a platform would else keep.
    """

    name: str
    label: str
    kind: Literal["text", "long_text", "choice", "choices"] = "text"
    optional: bool = False
    initial: str = ""
    initials: tuple[str, ...] = ()
    hint: str = ""
    options: tuple[Option, ...] = ()
    filled_from: str = ""


class Form(Value):
    """`name` finds the form again when it is submitted; `about` says of what it is filled in
    (an incident's key). `fills` are offers that fill the form in one tap."""

    name: str
    title: str
    about: str
    fields: tuple[Field, ...]
    submit: str = "Save"
    intro: str = ""
    fills: tuple[Option, ...] = ()


Answers = Mapping[str, str | tuple[str, ...]]
"""What was filled in, by field name; an empty text for what was left out."""


def text_of(answers: Answers, name: str) -> str:
    """The one text under `name`, trimmed; "" where there is none."""
    value = answers.get(name, "")
    return value.strip() if isinstance(value, str) else ""
