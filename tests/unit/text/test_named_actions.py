"""Actions that a page names: read as data, and nothing else on the page is ever one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadDocument
from knowledge.model import NamedAction, Runbook
from knowledge.text.named_actions import LONGEST, MOST, named_actions
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of
from knowledge.text.steps import steps_of

PAGE = """---
title: Checkout is slow
actions:
  - restart-service
  - template: scale
    parameters: {service: checkout, replicas: 3}
---

# Checkout is slow

## Mitigation

1. Restart it.

   ```recall-action
   template: restart-service
   parameters:
     service: checkout
   ```

2. Else run `kubectl delete pod`.

```recall-action
template: scale
parameters: {service: checkout, replicas: "3"}
```
"""


def block(text: str, info: str = "recall-action") -> str:
    return f"# Page\n\nWords.\n\n```{info}\n{text}\n```\n"


def test_both_places_are_read_and_each_action_is_there_once() -> None:
    page = parse_runbook(PAGE, slug="checkout")
    assert named_actions(page) == (
        NamedAction(template="restart-service"),
        NamedAction(template="scale", parameters={"service": "checkout", "replicas": "3"}),
        NamedAction(template="restart-service", parameters={"service": "checkout"}),
    )
    assert named_actions(parse_runbook(page_of(page), slug="checkout")) == named_actions(page)


def test_a_block_is_no_step_to_type() -> None:
    steps = [step.text for step in steps_of(parse_runbook(PAGE, slug="checkout"))]
    assert steps == ["Restart it.", "Else run `kubectl delete pod`."]


@pytest.mark.parametrize(
    "body",
    [
        "Run recall-action template: restart-service now.",
        block("template: restart-service", "yaml"),
        block("template: restart-service", "yaml recall-action"),
        block("template: restart-service", "recall-actions"),
        "    template: restart-service",
        "`recall-action template: restart-service`",
        "> actions: [restart-service]",
    ],
)
def test_prose_and_other_code_name_nothing(body: str) -> None:
    assert named_actions(parse_runbook(body, slug="p")) == ()


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("template: [a", 7, "not valid YAML"),
        ("template: a\ntemplate: b", 7, "'template' twice"),
        ("- template: a", 5, "is written as"),
        ("restart-service", 5, "is written as"),
        ("template: a\ncommand: rm", 5, "is written as"),
        ("parameters: {}", 5, "is written as"),
        ("template: ''", 5, "by its id"),
        ("template: 5", 5, "by its id"),
        ("template: a\nparameters: [x]", 5, "pairs"),
        ("template: a\nparameters: {x: [y]}", 5, "text or a whole number"),
        ("template: a\nparameters: {x: true}", 5, "text or a whole number"),
        ("template: a\nparameters: {1: y}", 5, "no name of a parameter"),
        ("template: a\nparameters: {'x y': y}", 5, "no name of a parameter"),
        (f"template: a\nparameters: {{x: {'y' * (LONGEST + 1)}}}", 5, "is over"),
        ("template: !!python/object/apply:os.system ['id']", 6, "not valid YAML"),
        ("a: &a [x]\nb: [" + ", ".join(["*a"] * 40) + "]", None, "too many values"),
    ],
)
def test_a_block_that_cannot_be_read_is_told_with_its_line(
    text: str, line: int | None, told: str
) -> None:
    with pytest.raises(BadDocument, match=told) as refused:
        parse_runbook(block(text), slug="p")
    assert refused.value.line == line


def test_lines_are_counted_from_the_top_of_the_file() -> None:
    with pytest.raises(BadDocument) as refused:
        parse_runbook("---\ntitle: A\n---\n\n" + block("- x"), slug="p")
    assert refused.value.line == 9
    with pytest.raises(BadDocument, match="an action of the front matter") as refused:
        parse_runbook("---\ntitle: A\nactions: [{name: x}]\n---\nWords.", slug="p")
    assert refused.value.line == 3


def test_one_too_many_is_refused() -> None:
    assert parse_runbook("\n".join([block("template: a")] * MOST), slug="p")
    with pytest.raises(BadDocument, match="over"):
        parse_runbook("\n".join([block("template: a")] * (MOST + 1)), slug="p")
    with pytest.raises(BadDocument, match="over"):
        parse_runbook(f"---\nactions: {['a'] * (MOST + 1)}\n---\nx", slug="p")


def test_a_block_of_an_older_page_that_cannot_be_read_names_nothing() -> None:
    body = block("template: [a") + "\n" + block("template: b")
    assert named_actions(Runbook(id="p", title="P", body=body)) == (NamedAction(template="b"),)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True), st.text(max_size=50)))
def test_values_stay_as_they_are_written(values: dict[str, str]) -> None:
    kept = {name: text for name, text in values.items() if text.isprintable()}
    page = Runbook(
        id="p", title="p", body="x", actions=(NamedAction(template="a", parameters=kept),)
    )
    assert parse_runbook(page_of(page), slug="p") == page
