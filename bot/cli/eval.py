"""`recall eval`: how often retrieval puts the right document first, on a corpus of your own."""

import json as json_format
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import JSON_OPTION, exit_on_error, print_json, stage_bars

if TYPE_CHECKING:
    from knowledge.evaluate.assess import Assessment

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_STAGES = {"index": "Indexing", "queries": "Asking"}
_BUDGET = 0.05


class Form(StrEnum):
    """Which text of a query row is asked."""

    TEXT = "text"
    STRICT = "text_strict"
    WITH_NAME = "text_with_name"


@app.command()
def eval_command(
    corpus: list[Path] = typer.Option([], help="JSON Lines: id, title, text. Once a set."),
    queries: list[Path] = typer.Option(
        [], help="JSON Lines: id, text, relevant; maybe exclude, labels, alert_name."
    ),
    set_: list[Path] = typer.Option(
        [], "--set", help="Folder with corpus.jsonl and queries.jsonl; may be given often."
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
    hard: bool = typer.Option(False, help="Ask text_strict; no titles, no alert names anywhere."),
    compare: bool = typer.Option(False, help="Measure BM25, dense and rank fusion beside it."),
    remove: str = typer.Option(
        "", metavar="SHARES", help="Shares of the answers to take out, such as 0.1,0.3,0.6."
    ),
    threshold: float = typer.Option(None, help="Least confidence of an answer.", min=0, max=1),
    plot: Path = typer.Option(None, help="Write reliability and coverage curves as PNG."),
) -> None:
    """Index the corpus in a temporary place, ask every query, print the figures. Offline."""
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
    from knowledge.evaluate.assess import Asking, Assessment, assess
    from knowledge.evaluate.corpus import TextField

    sets = _sets(corpus, queries, set_)
    for target, option in ((predictions, "--predictions"), (plot, "--plot")):
        if target is not None and not target.parent.is_dir():
            # Told before the long work, not after it.
            raise typer.BadParameter(f"there is no folder {target.parent}", param_hint=option)
    asking = Asking(
        text_field=TextField(text_field.value),
        titles=titles,
        names=names,
        hard=hard,
        threshold=threshold,
        removed=_shares(remove),
    )
    with exit_on_error():
        embedder = SentenceTransformerEmbedder.load(model)
        plain = SentenceTransformerEmbedder.load(model, adapter=None) if compare else None
        reports = []
        for name, corpus_file, queries_file in sets:
            with stage_bars(_STAGES, name) as progress:
                reports.append(
                    assess(
                        name,
                        corpus_file,
                        queries_file,
                        embedder,
                        asking=asking,
                        plain=plain,
                        progress=progress,
                    )
                )
        result = Assessment(tuple(reports), asking.least)
        if plot is not None:
            _plot(plot, result)
    if predictions is not None:
        _write(predictions, result)
    if json:
        print_json(result.as_dict())
    else:
        from bot.cli.eval_tables import show

        show(result)


def _sets(
    corpora: list[Path], queries: list[Path], folders: list[Path]
) -> list[tuple[str, Path, Path]]:
    """(name, corpus, queries) of everything that was named, in order; names are distinct."""
    if len(corpora) != len(queries):
        raise typer.BadParameter("--corpus and --queries go together, one of each a set")
    sets = [
        (one.parent.name or one.stem, one, two) for one, two in zip(corpora, queries, strict=True)
    ]
    sets += [(one.name, one / "corpus.jsonl", one / "queries.jsonl") for one in folders]
    if not sets:
        raise typer.BadParameter("name a set: --corpus FILE --queries FILE, or --set FOLDER")
    seen: dict[str, int] = {}
    named = []
    for name, one, two in sets:
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name}-{seen[name]}", one, two))
    return named


def _shares(given: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in given.split(",") if part.strip())
    except ValueError as error:
        raise typer.BadParameter(
            f"{given!r} is not a list of shares such as 0.1,0.3", param_hint="--remove"
        ) from error
    if not all(0.0 < share < 1.0 for share in shares):
        raise typer.BadParameter("shares lie between 0 and 1", param_hint="--remove")
    return shares


def _plot(path: Path, result: "Assessment") -> None:
    from knowledge.evaluate.plot import draw

    groups = {one.name: one.report.told for one in result.sets}
    for removal in result.removals():
        groups[f"{removal.share:.0%} of answers removed"] = removal.told
    draw(path, groups, budget=_BUDGET, threshold=result.threshold)


def _write(path: Path, result: "Assessment") -> None:
    """One row a query, set after set; with several sets each row names its own."""
    try:
        with path.open("w", encoding="utf-8") as file:
            for one in result.sets:
                for prediction in one.report.predictions:
                    row = prediction.as_row()
                    if len(result.sets) > 1:
                        row["set"] = one.name
                    file.write(json_format.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--predictions") from error
