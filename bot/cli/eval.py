"""`recall eval`: how often retrieval puts the right document first, on a corpus of your own."""

import json as json_format
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import JSON_OPTION, exit_on_error, people, print_json

if TYPE_CHECKING:
    from knowledge.evaluate.run import EvalReport

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_STAGES = {"index": "Indexing", "queries": "Asking"}


class Form(StrEnum):
    """Which text of a query row is asked."""

    TEXT = "text"
    STRICT = "text_strict"
    WITH_NAME = "text_with_name"


@app.command()
def eval_command(
    corpus: Path = typer.Option(..., help="JSON Lines: id, title, text."),
    queries: Path = typer.Option(
        ..., help="JSON Lines: id, text, relevant; maybe exclude, labels."
    ),
    json: bool = JSON_OPTION,
    predictions: Path = typer.Option(
        None, help="Write a row a query: id, ranked, confidence, answered."
    ),
    model: str = typer.Option(
        None, help="A sentence-transformers model by name or folder; the bundled one if left out."
    ),
    text_field: Form = typer.Option(Form.TEXT, help="Which text of the rows is asked."),
    titles: bool = typer.Option(True, help="Whether titles take part."),
    names: bool = typer.Option(False, help="Whether alert_name is given, as real alerts have it."),
) -> None:
    """Index the corpus in a temporary place, ask every query, print the figures. Offline."""
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
    from knowledge.evaluate.corpus import TextField
    from knowledge.evaluate.run import run

    if predictions is not None and not predictions.parent.is_dir():
        # Told before the long work, not after it.
        raise typer.BadParameter(
            f"there is no folder {predictions.parent}", param_hint="--predictions"
        )
    with exit_on_error(), _progress() as progress:
        report = run(
            corpus,
            queries,
            SentenceTransformerEmbedder.load(model),
            text_field=TextField(text_field.value),
            titles=titles,
            names=names,
            progress=progress,
        )
    if predictions is not None:
        _write(predictions, report)
    if json:
        print_json(report.as_dict())
    else:
        _show(report.as_dict())


def _write(path: Path, report: "EvalReport") -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            for prediction in report.predictions:
                file.write(json_format.dumps(prediction.as_row(), ensure_ascii=False) + "\n")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--predictions") from error


def _show(figures: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    for name, value in figures.items():
        table.add_row(name, f"{value:.3f}" if isinstance(value, float) else str(value))
    Console(highlight=False).print(table)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars on standard error, shown only to a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=people,
        disable=not people.is_terminal,
        transient=True,
    )
    with bar:
        tasks = {stage: bar.add_task(label, total=None) for stage, label in _STAGES.items()}
        yield lambda stage, done, total: bar.update(tasks[stage], completed=done, total=total)
