"""`recall train`: teach the embedding model a team's own words, from its own history."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import CONFIG_OPTION, EXIT_FAILED, JSON_OPTION

if TYPE_CHECKING:
    from knowledge.learn.gate import Verdict

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def train_command(
    epochs: int = typer.Option(3, min=1, max=20, help="How often every pair is seen."),
    seed: int = typer.Option(0, help="Repeats a training."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Train a candidate model on past incidents; the newest quarter of them judges it."""
    import tempfile

    from bot.cli.common import (
        exit_on_error,
        fail,
        open_database,
        people,
        print_json,
        progress_bar,
        read_settings,
        say,
    )
    from bot.clock import SystemClock
    from bot.memory import load_model
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
    from knowledge.learn.child import train_in_child
    from knowledge.learn.examples import examples_of, pairs_of_history
    from knowledge.learn.gate import LEAST_PAIRS, judge, split
    from knowledge.learn.registry import Registry
    from knowledge.learn.train import Options

    settings = read_settings(config)
    if settings.model:
        raise fail("only the bundled model can be trained; this team has set another one")
    with exit_on_error():
        with open_database(settings) as database:
            documents = [one for one in database.knowledge_source().list() if one.state.is_served]
        cases = pairs_of_history(documents)
        if len(cases) < LEAST_PAIRS:
            raise fail(
                f"there are {len(cases)} pairs to learn from, {LEAST_PAIRS} are needed; a pair is "
                "a past incident that names the runbook that helped, or whose recorded cause an "
                "earlier incident had too"
            )
        known, held_out = split(cases)
        examples = examples_of([pair for _, pair in known], documents)
        with tempfile.TemporaryDirectory(prefix="recall-train-") as folder:
            made = Path(folder) / "adapter.safetensors"
            with progress_bar("Training", None) as show:
                train_in_child(
                    examples,
                    made,
                    options=Options(epochs=epochs, seed=seed),
                    progress=_only("training", show),
                )
            with people.status("Judging it by the newest cases"):
                verdict = judge(
                    held_out,
                    documents,
                    load_model(settings.model, settings.data_dir),
                    SentenceTransformerEmbedder.load(adapter=made),
                )
            facts = _facts(verdict, len(examples), epochs, seed)
            registry = Registry(settings.data_dir)
            facts["parent"] = registry.current
            facts["made_at"] = SystemClock().now().isoformat()
            candidate = registry.add(made, facts)
    say(f"{candidate.name}: {verdict.words}", "green" if verdict.passed else "yellow")
    if verdict.passed:
        say(f"Put it in force with `recall models promote {candidate.name}`.")
    else:
        say("Not better beyond chance; it stays a candidate and cannot be promoted.")
    if json:
        print_json({"name": candidate.name, **facts})
    if not verdict.passed:
        raise typer.Exit(EXIT_FAILED)


def _facts(verdict: "Verdict", examples: int, epochs: int, seed: int) -> dict[str, Any]:
    """What is kept beside a candidate; with `name` the JSON of the command, a contract."""
    return {
        "examples": examples,
        "held_out": verdict.cases,
        "before": round(verdict.before, 4),
        "after": round(verdict.after, 4),
        "gain": verdict.gain.as_list(),
        "passed": verdict.passed,
        "verdict": verdict.words,
        "epochs": epochs,
        "seed": seed,
    }


def _only(stage: str, show: Callable[[int], None]) -> Callable[[str, int, int], None]:
    def tell(now: str, done: int, _total: int) -> None:
        if now == stage:
            show(done)

    return tell
