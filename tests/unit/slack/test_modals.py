"""Forms as modals, and what was filled into one."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat.forms import Field, Form, Option
from bot.slack.blocks import render
from bot.slack.modals import answer_view, modal, submission
from bot.workspace import rules
from bot.workspace.choices import fill
from tests.support.hostile import TEXT, suggestions
from tests.support.saying import answer

NAMES = ("one", "two", "three")


@st.composite
def forms(draw):
    def options() -> tuple[Option, ...]:
        count = draw(st.integers(1, 5))
        return tuple(Option(value=f"v{number}", label=draw(TEXT)) for number in range(count))

    def field(name: str) -> Field:
        kind = draw(st.sampled_from(["text", "long_text", "choice", "choices"]))
        chosen = options() if kind in ("choice", "choices") else ()
        return Field(
            name=name,
            label=draw(TEXT),
            kind=kind,
            optional=draw(st.booleans()),
            initial="v0" if chosen else draw(TEXT),
            initials=("v0",) if chosen else (),
            hint=draw(TEXT),
            options=chosen,
        )

    fills = tuple(Option(value=f"f{number}", label=draw(TEXT)) for number in range(2))
    return Form(
        name="resolve",
        title=draw(TEXT),
        about=draw(st.text(max_size=40)),
        submit=draw(TEXT),
        intro=draw(TEXT),
        fields=tuple(field(name) for name in NAMES),
        fills=fills if draw(st.booleans()) else (),
    )


def checked(view) -> None:
    rules.check_view(view, len(json.dumps(view).encode()))


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(forms())
def test_every_form_is_a_valid_modal_and_comes_back_as_it_was(form: Form) -> None:
    view = modal(form)
    checked(view)
    values, errors = fill(view, {})
    required = {f.name for f in form.fields if not f.optional}
    assert set(errors) <= required
    filled = submission({**view, "state": {"values": values}})
    assert filled is not None
    assert (filled.form, filled.about) == ("resolve", form.about)
    for field in form.fields:
        value = filled.answers.get(field.name, "")
        if field.kind == "choice":
            assert value == "v0"
        elif field.kind == "choices":
            assert value == ("v0",)


@settings(max_examples=50, suppress_health_check=list(HealthCheck), deadline=None)
@given(TEXT, suggestions())
def test_an_answer_shown_in_a_modal_is_valid(title: str, suggestion) -> None:
    checked(answer_view(title, render(answer(suggestion=suggestion)).blocks))


def test_a_view_of_somebody_else_is_no_submission() -> None:
    assert submission({"callback_id": "other", "private_metadata": "{}"}) is None
    assert submission({"callback_id": "recall_form_x", "private_metadata": "no json"}) is None
    assert submission({}) is None
