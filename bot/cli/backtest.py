"""`recall backtest`: what the bot would have said to a team's past, before it is switched on."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    DB_OPTION,
    HISTORY_ARGUMENT,
    JSON_OPTION,
    REPLAY_STAGES,
    RUNBOOKS_OPTION,
    exit_on_error,
    say,
    stage_bars,
)

if TYPE_CHECKING:
    from knowledge.evaluate.backtest.replay import Replay

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def backtest_command(
    file: Path = HISTORY_ARGUMENT,
    db: bool = DB_OPTION,
    days: int = typer.Option(None, min=1, help="Ask only the cases of the last so many days."),
    runbooks: Path = RUNBOOKS_OPTION,
    threshold: float = typer.Option(None, min=0, max=1, help="Another threshold, side by side."),
    model: str = typer.Option(None, help="Another model, side by side."),
    grade: bool = typer.Option(False, help="Ask you about 50 of the answers, for a precision."),
    sheet: Path = typer.Option(None, help="Write these 50 as a CSV to fill in."),
    grades: Path = typer.Option(None, exists=True, help="A CSV that was filled in."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Replay past incidents in time order; each sees only what came before it."""
    from bot.cli.backtest_report import as_json, show
    from bot.cli.common import print_json, read_settings
    from bot.cli.history import history_of, tell_problems
    from bot.memory import load_calibration, load_model
    from knowledge.evaluate.backtest.figures import answered_of
    from knowledge.evaluate.backtest.grading import draw, graded, read_sheet, write_sheet
    from knowledge.evaluate.backtest.replay import replay

    if db == (file is not None):
        raise typer.BadParameter("give a FILE, or --db for the incidents in the database")
    settings = read_settings(config)
    with exit_on_error():
        incidents, pages, problems = history_of(settings, file, runbooks)
        usual = settings.answer_threshold
        plans = {"now": (settings.model, usual)}
        if threshold is not None:
            plans[f"threshold {threshold:g}"] = (settings.model, threshold)
        if model is not None:
            plans[f"model {model}"] = (model, usual)
        results: dict[str, Replay] = {}
        for name, (model_name, least) in plans.items():
            embedder = load_model(model_name, settings.data_dir)
            with stage_bars(REPLAY_STAGES, f"({name})") as progress:
                results[name] = replay(
                    incidents,
                    pages,
                    embedder,
                    threshold=least,
                    calibration=load_calibration(settings, embedder.generation),
                    days=days,
                    progress=progress,
                )
        drawn = draw(answered_of(results["now"]))
        told = None
        if grades is not None:
            told = graded(read_sheet(grades), answered_of(results["now"]))
        elif grade:
            from bot.cli.backtest_report import ask_people

            told = graded(ask_people(drawn), drawn)
        if sheet is not None:
            write_sheet(sheet, drawn)
            say(f"{len(drawn)} answers are in {sheet}; fill in `right`, then use --grades {sheet}")
    tell_problems(problems)
    if json:
        print_json(as_json(results, told, problems))
    else:
        show(results, told)
