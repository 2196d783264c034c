"""Passages fit the window, carry their headings, and stay verbatim."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.model import PastIncident, Runbook, SectionRole
from knowledge.text.pages import parse_runbook
from knowledge.text.passages import WINDOW, estimated_pieces, passages_of, role_of
from knowledge.text.sections import read_page

PAGE = """# KubePodCrashLooping

A pod restarts again and again.

## Meaning

See [the docs](https://example.org/very/long/address).

## Diagnosis

Look at the log:

```bash
kubectl logs checkout-7d9f8b6c5-x2x9q   --previous
```

## Mitigation

### Out of memory

1. Raise the limit.
2. Roll out.

## Undo

Take the limit back.
"""


def _page(body: str, title: str = "T") -> Runbook:
    return Runbook(id="d", title=title, body=body)


def test_each_section_is_a_passage_with_its_title_path_and_role() -> None:
    passages = passages_of(parse_runbook(PAGE, slug="d"))
    title = "KubePodCrashLooping"
    assert [(p.title_path, p.role) for p in passages] == [
        ((title,), SectionRole.TITLE),
        ((title, "Meaning"), SectionRole.SYMPTOM),
        ((title, "Diagnosis"), SectionRole.CONFIRM),
        ((title, "Mitigation", "Out of memory"), SectionRole.MITIGATION),
        ((title, "Undo"), SectionRole.ROLLBACK),
    ]
    assert [p.ordinal for p in passages] == list(range(5))


def test_the_text_is_verbatim_and_the_masked_text_is_not() -> None:
    passage = passages_of(parse_runbook(PAGE, slug="d"))[2]
    assert passage.text == (
        "Look at the log:\n\n```bash\nkubectl logs checkout-7d9f8b6c5-x2x9q   --previous\n```"
    )
    assert passage.masked == (
        "Kube Pod Crash Looping - Diagnosis\nLook at the log:\n"
        "kubectl logs checkout-<pod> --previous"
    )


def test_link_addresses_are_shown_but_not_embedded() -> None:
    passage = passages_of(parse_runbook(PAGE, slug="d"))[1]
    assert "https://example.org" in passage.text
    assert "example.org" not in passage.masked


def test_equal_content_has_an_equal_hash_whatever_the_volatile_values() -> None:
    one = passages_of(_page("restarted 3 times"))[0]
    two = passages_of(_page("restarted 77 times"))[0]
    assert one.hash == two.hash
    assert one.text != two.text
    assert len(one.hash) == 64


def test_a_long_section_is_cut_between_paragraphs_and_code_stays_whole() -> None:
    code = "```\n" + "\n".join(f"command number{i} --flag value" for i in range(12)) + "\n```"
    prose = "\n\n".join("A sentence about the disk that fills. " * 6 for _ in range(6))
    passages = passages_of(_page(f"## Steps\n\n{prose}\n\n{code}\n\n{prose}"))
    assert len(passages) > 3
    assert sum(code in passage.text for passage in passages) == 1
    assert all(estimated_pieces(p.text) <= WINDOW for p in passages)


def test_code_over_the_window_is_cut_between_lines() -> None:
    lines = [f"line {i} of a very long listing with many words in it" for i in range(100)]
    passages = passages_of(_page("```\n" + "\n".join(lines) + "\n```"))
    assert len(passages) > 3
    shown = "\n".join(p.text for p in passages).split("\n")
    assert [line for line in shown if line.startswith("line")] == lines


def test_one_endless_line_is_cut_without_losing_a_word() -> None:
    words = [f"word{i}" for i in range(3000)]
    passages = passages_of(_page(" ".join(words)))
    assert " ".join(p.text for p in passages).split() == words
    assert all(estimated_pieces(p.text) <= WINDOW for p in passages)


def test_small_blocks_of_one_section_are_joined() -> None:
    assert len(passages_of(_page("## Steps\n\none\n\ntwo\n\n- three\n- four"))) == 1


def test_a_page_of_headings_alone_is_still_one_passage() -> None:
    passages = passages_of(_page("# Only\n\n## Headings"))
    assert len(passages) == 1


def test_a_page_of_nothing_but_marks_is_cut_to_the_window_too() -> None:
    passages = passages_of(_page("- " * 5000))
    assert all(estimated_pieces(p.text) <= WINDOW for p in passages)


def test_a_page_of_many_top_headings_takes_their_roles() -> None:
    sections = read_page("# Meaning\n\na\n\n# Mitigation\n\nb").sections
    assert [s.role for s in sections] == [SectionRole.SYMPTOM, SectionRole.MITIGATION]


def test_headings_say_what_a_section_is_for() -> None:
    expected = {
        "Mitigation": SectionRole.MITIGATION,
        "What to do": SectionRole.MITIGATION,
        "How to fix": SectionRole.MITIGATION,
        "Steps": SectionRole.MITIGATION,
        "Immediate actions": SectionRole.MITIGATION,
        "1. Check the logs of the pod": SectionRole.CONFIRM,
        "Steps to verify": SectionRole.CONFIRM,
        "How to confirm": SectionRole.CONFIRM,
        "How to undo": SectionRole.ROLLBACK,
        "Roll back": SectionRole.ROLLBACK,
        "When to escalate": SectionRole.ESCALATE,
        "What it means": SectionRole.SYMPTOM,
        "Impact": SectionRole.SYMPTOM,
        "Possible causes": SectionRole.CAUSE,
        "Access required": SectionRole.OTHER,
        "Prefixes": SectionRole.OTHER,
    }
    assert {heading: role_of(heading) for heading in expected} == expected


INCIDENT = PastIncident(
    id="inc-1",
    title="Checkout returned 503",
    alerts=("CheckoutErrorRate",),
    symptom="Error rate 12% on checkout",
    cause="The pool was exhausted",
    resolution="Raised max_connections to 200",
    logs=("10:00:01 refused\n10:00:02 refused\n10:00:03 refused",),
)


def test_an_incident_gives_symptom_logs_cause_and_resolution() -> None:
    passages = passages_of(INCIDENT)
    assert [p.role for p in passages] == [
        SectionRole.SYMPTOM,
        SectionRole.LOGS,
        SectionRole.CAUSE,
        SectionRole.MITIGATION,
    ]
    assert "Checkout Error Rate" in passages[0].masked
    assert passages[0].text == "Error rate 12% on checkout"


def test_a_log_line_that_repeats_is_embedded_once_and_shown_as_it_was() -> None:
    logs = passages_of(INCIDENT)[1]
    assert logs.masked.count("refused") == 1
    assert logs.text.count("refused") == 3


def test_what_a_record_does_not_say_gives_no_passage() -> None:
    bare = replace(INCIDENT, symptom="", cause="", resolution=" ", logs=())
    assert [(p.role, p.text) for p in passages_of(bare)] == [
        (SectionRole.SYMPTOM, "Checkout returned 503")
    ]


_MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# A",
            "## Mitigation",
            "### x",
            "- item",
            "  - nested",
            "1. one",
            "```",
            "    code",
            "> q",
            "",
            "",
            "text of a paragraph",
            "| a | b |",
            "|---|---|",
            "word " * 300,
            "x" * 3000,
            "---",
        ]
    )
    | st.text(max_size=30).map(lambda t: t.replace("\n", " ").replace("\r", " ")),
    max_size=25,
).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(_MARKDOWN)
def test_any_page_gives_passages_whose_text_stands_in_the_page(body: str) -> None:
    if not body.strip():
        return
    for passage in passages_of(_page(body)):
        assert passage.text in body
        assert estimated_pieces(passage.text) <= WINDOW or passage.title_path == ("T",)
