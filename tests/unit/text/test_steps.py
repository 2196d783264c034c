"""Steps are the page's own list items and code blocks, word for word."""

from knowledge.model import Runbook, SectionRole
from knowledge.text.steps import steps_of


def _steps(body: str, **options: frozenset[SectionRole]) -> list[tuple[str, bool, str]]:
    page = Runbook(id="d", title="T", body=body)
    return [(step.text, step.is_code, step.language) for step in steps_of(page, **options)]


def test_items_and_code_of_the_mitigation_part_come_in_the_order_of_the_page() -> None:
    body = """# T

- not a step

## Diagnosis

- look

## Mitigation

Do this:

1. Find the `pod`:

   ```bash
   $ kubectl get pod \\
       -n <namespace>
   ```

2. Restart it.
   Then wait.
   - nested one
     with a second line

```
plain code
```

## Undo

- take it back
"""
    assert _steps(body) == [
        ("Find the `pod`:", False, ""),
        ("$ kubectl get pod \\\n    -n <namespace>", True, "bash"),
        ("Restart it.\nThen wait.", False, ""),
        ("nested one\nwith a second line", False, ""),
        ("plain code", True, ""),
    ]
    assert _steps(body, roles=frozenset({SectionRole.ROLLBACK})) == [("take it back", False, "")]


def test_a_section_below_the_mitigation_part_belongs_to_it() -> None:
    page = Runbook(id="d", title="T", body="# T\n\n## Mitigation\n\n### Node full\n\n- drain")
    (step,) = steps_of(page)
    assert step.section == ("Mitigation", "Node full")
    assert step.ordinal == 0


def test_a_page_without_telling_headings_is_taken_as_a_whole() -> None:
    assert _steps("- one\n- two") == [("one", False, ""), ("two", False, "")]


def test_a_page_whose_parts_are_told_gives_no_step_from_the_others() -> None:
    assert _steps("# T\n\n- intro\n\n## Diagnosis\n\n- look") == []


def test_prose_is_never_a_step() -> None:
    assert _steps("## Mitigation\n\nRestart the service and hope.") == []
