import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions.placeholders import fill, is_safe

COMMAND = "kubectl -n <namespace> delete pod <pod>"


def test_placeholders_are_filled_from_labels_that_look_like_names() -> None:
    text, unfilled = fill(COMMAND, {"namespace": "shop", "pod": "checkout-66cf5d8b97-n4vwp"})
    assert text == "kubectl -n shop delete pod checkout-66cf5d8b97-n4vwp"
    assert unfilled == ()


@pytest.mark.parametrize(
    "value",
    [
        "x; rm -rf /",
        "$(reboot)",
        "`id`",
        "-rf",
        "a b",
        "a\n",
        "a\nb",
        "../etc",
        "a..b",
        "UPPER",
        "",
        "x" * 64,
        "a\x00",
        "é",
        "x|y",
        "--all",
        "pod-",
    ],
)
def test_anything_else_leaves_the_placeholder_visible(value: str) -> None:
    text, unfilled = fill(COMMAND, {"namespace": "shop", "pod": value})
    assert text == "kubectl -n shop delete pod <pod>"
    assert unfilled == ("<pod>",)


@given(st.text(max_size=80))
def test_what_is_filled_can_do_nothing_in_a_shell(value: str) -> None:
    text, _ = fill("<pod>", {"pod": value})
    assert text == "<pod>" or set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert not text.startswith("-")


def test_an_unknown_placeholder_stays_and_is_named_once() -> None:
    assert fill("<client> <client> <your-pod>", {"pod": "a"}) == (
        "<client> <client> a",
        ("<client>",),
    )


def test_labels_that_mean_the_same_fill_it() -> None:
    assert fill("<node>", {"nodename": "ip-10-8-3-52"})[0] == "ip-10-8-3-52"
    assert fill("<namespace>", {"kubernetes_namespace": "shop"})[0] == "shop"


def test_a_name_may_have_63_characters() -> None:
    assert is_safe("a" * 63)
    assert not is_safe("a" * 64)
