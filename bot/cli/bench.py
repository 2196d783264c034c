"""`recall bench`: how fast the memory is on this machine, beside a plain pipeline."""

from typing import Any

import typer

from bot.cli.common import JSON_OPTION, exit_on_error, print_json, stage_bars

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_STAGES = {"embedding": "Embedding", "asking": "Asking", "plain": "Asking the plain pipeline"}
_ROWS = {
    "query to ranking": "query_ms",
    "the same, embedding left out": "search_ms",
    "vector search alone": "vector_ms",
    "lexical search alone": "lexical_ms",
    "add one document": "add_ms",
}


@app.command()
def bench_command(
    passages: int = typer.Option(10_000, min=100, max=1_000_000, help="How many to make."),
    seed: int = typer.Option(0, help="Repeats a corpus."),
    json: bool = JSON_OPTION,
) -> None:
    """Measure on a generated corpus in a temporary place; the team's data is not touched."""
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
    from knowledge.evaluate.bench import bench

    with exit_on_error(), stage_bars(_STAGES) as progress:
        told = bench(
            SentenceTransformerEmbedder.load(),
            SentenceTransformerEmbedder.load(adapter=None, dtype="float32"),
            passages=passages,
            seed=seed,
            progress=progress,
        )
    if json:
        print_json(told)
    else:
        show(told)


def show(told: dict[str, Any]) -> None:
    """Print the figures on standard output."""
    from rich.console import Console
    from rich.table import Table

    out = Console(highlight=False)
    times = Table(
        title=f"\n{told['passages']:,} passages ({told['dtype']})",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for name in ("", "p50 ms", "p95 ms", "plain p50", "plain p95"):
        times.add_column(name, justify="right" if name else "left")
    for label, key in _ROWS.items():
        plain = told["plain"].get(key)
        times.add_row(
            label,
            f"{told[key]['p50']:.1f}",
            f"{told[key]['p95']:.1f}",
            f"{plain['p50']:.1f}" if plain else "",
            f"{plain['p95']:.1f}" if plain else "",
        )
    out.print(times)
    for name, label in (("short", "short texts (12 words)"), ("long", "long texts (200 words)")):
        one = told["embedding"][name]
        out.print(
            f"{label}: {one['texts_a_second']:,.0f} a second, "
            f"{one['ratio']:.2f} times the plain float32 loop"
        )
    out.print(
        f"index built in {told['build_seconds']:.1f} s, opened in {told['open_seconds']:.2f} s; "
        f"{told['resident_mb'] or 0:,.0f} MB resident, the model included"
    )
