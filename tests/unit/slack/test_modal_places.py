"""Forms as modals: what comes back is what was filled in, and where it was asked for."""

from bot.chat.forms import Field, Form, Option
from bot.slack.modals import modal, submission, view_place, view_subject

FORM = Form(
    name="resolve",
    title="Resolve RCL-1",
    about="RCL-1",
    fields=(Field(name="fix", label="What fixed it", kind="long_text"),),
    fills=(Option(value="INC-87", label="Like INC-87"),),
)


def test_a_modal_remembers_what_it_is_about_and_where_it_was_asked_for() -> None:
    view = modal(FORM, ("C1", "5.1"))
    assert view_subject(view) == ("resolve", "RCL-1")
    assert view_place(view) == ("C1", "5.1")
    assert view_place(modal(FORM)) == ("", None)


def test_a_view_of_somebody_else_has_no_place() -> None:
    assert view_place({"callback_id": "other", "private_metadata": '{"at": ["C1", null]}'}) == (
        "",
        None,
    )


def test_a_filled_field_takes_the_place_of_what_was_typed() -> None:
    """A field whose ids stay the same keeps what was typed, whatever its initial value."""
    [typed] = [block for block in modal(FORM)["blocks"] if block["type"] == "input"]
    field = FORM.fields[0].model_copy(update={"initial": "Like INC-87: x", "filled_from": "INC-87"})
    filled_form = FORM.model_copy(update={"fields": (field,)})
    [filled] = [block for block in modal(filled_form)["blocks"] if block["type"] == "input"]
    assert filled["block_id"] == typed["block_id"]
    assert filled["element"]["action_id"] != typed["element"]["action_id"]
    action = filled["element"]["action_id"]
    values = {"fix": {action: {"type": "plain_text_input", "value": "as it was"}}}
    sent = submission({**modal(filled_form), "state": {"values": values}})
    assert sent is not None
    assert sent.answers == {"fix": "as it was"}
