"""A message as terminal text: words without markup, in a frame that closes on the right."""

from rich.cells import cell_len

from bot.demo.text_card import framed, message_text, plain

NAMES = {"U0ALICE": "Alice"}


def mrkdwn(text):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_marks_of_formatting_are_not_shown():
    wire = "*Seen before:* <https://w.example/INC-87|INC-87> — _likely_, `a * b * c` &amp; ~no~"
    assert plain(wire) == "Seen before: INC-87 — likely, a * b * c & no"


def test_what_is_no_mark_stays():
    assert plain("2 * 3 * 4 and snake_case_name and 5*6*7") == (
        "2 * 3 * 4 and snake_case_name and 5*6*7"
    )
    assert plain("*\u2060must*\u2060 be run") == "*must* be run"


def test_a_code_block_is_indented_and_otherwise_verbatim():
    wire = "1. Restart it.\n```\nkubectl get &lt;pod&gt; *x* _y_\n  more\n```\n_fill in:_ pod"
    assert plain(wire).split("\n") == [
        "1. Restart it.",
        "    kubectl get <pod> *x* _y_",
        "      more",
        "fill in: pod",
    ]
    assert plain("```\nuptime\n```") == "    uptime"
    assert plain("") == ""


def test_people_are_named_where_their_names_are_known():
    assert plain("Helpful (2): <@U0ALICE>, <@U0NOBODY>", NAMES) == (
        "Helpful (2): @Alice, @U0NOBODY"
    )
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "user", "user_id": "U0ALICE"}, {"text": " says"}],
            }
        ],
    }
    assert message_text([rich], "", NAMES) == "@Alice says"


def test_a_message_without_blocks_is_its_text():
    assert message_text([], "*Not* seen &lt;before&gt;") == "Not seen <before>"


def test_a_frame_closes_at_the_same_column_whatever_is_in_it():
    text = "\n".join(
        [
            "🔴 CheckoutHighErrorRate: 日本語のエラー " + "word " * 30,
            "• a cause " + "that is long " * 12,
            "x" * 300,
            "    " + "kubectl " * 40,
            "",
        ]
    )
    lines = framed(text, "card 🔴").split("\n")
    assert {cell_len(line) for line in lines} == {92}
    assert [line for line in lines if line.startswith("│   that") or "│ • a cause" in line]


def test_a_folded_line_loses_no_word_and_hangs_under_its_bullet():
    words = [f"word{number}" for number in range(60)]
    lines = framed("• " + " ".join(words), "t").split("\n")[1:-1]
    assert " ".join(line.strip("│ ") for line in lines).removeprefix("• ").split() == words
    assert all(line.startswith("│   word") for line in lines[1:])
