"""`recall calibrate`: what the bot's confidence means on this team's own history."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    DB_OPTION,
    EXIT_FAILED,
    HISTORY_ARGUMENT,
    JSON_OPTION,
    REPLAY_STAGES,
    RUNBOOKS_OPTION,
)

if TYPE_CHECKING:
    from knowledge.evaluate.calibrate import Calibrated, KindFit

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def calibrate_command(
    file: Path = HISTORY_ARGUMENT,
    db: bool = DB_OPTION,
    runbooks: Path = RUNBOOKS_OPTION,
    budget: float = typer.Option(
        0.05, min=0.001, max=0.5, help="Share of wrong ones allowed among the answers given."
    ),
    reset: bool = typer.Option(False, "--reset", help="Go back to what Recall comes with."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Fit confidence and threshold to past incidents, each asked by what came before it."""
    from bot.cli.common import exit_on_error, print_json, read_settings, say, stage_bars
    from bot.clock import SystemClock
    from knowledge.index.files import write_atomically

    if reset + db + (file is not None) != 1:
        raise typer.BadParameter("give a FILE, or --db, or --reset")
    settings = read_settings(config)
    if reset:
        settings.calibration_file.unlink(missing_ok=True)
        say("The confidence that Recall comes with is in force from the next start on.")
        if json:
            print_json({"taken": False, "reset": True})
        return
    from bot.cli.history import history_of, tell_problems
    from bot.memory import load_model
    from knowledge.evaluate.backtest.replay import replay
    from knowledge.evaluate.calibrate import calibrate

    with exit_on_error():
        incidents, pages, problems = history_of(settings, file, runbooks)
        embedder = load_model(settings.model, settings.data_dir)
        with stage_bars(REPLAY_STAGES) as progress:
            replayed = replay(incidents, pages, embedder, progress=progress)
        made = calibrate(
            replayed,
            budget=budget,
            model_digest=embedder.generation.model_digest,
            made_at=SystemClock().now().isoformat(),
        )
    tell_problems(problems)
    for name, kind in (("past incidents", made.incidents), ("runbooks", made.runbooks)):
        say(f"{name}: {_said(kind, budget)}")
    if made.is_taken:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        write_atomically(settings.calibration_file, as_bytes(made))
        say("The next start of `recall serve` takes it; `recall calibrate --reset` undoes it.")
    else:
        say("Nothing was changed.", "yellow")
    if json:
        print_json(as_dict(made))
    if not made.is_taken:
        raise typer.Exit(EXIT_FAILED)


def as_bytes(made: "Calibrated") -> bytes:
    """The calibration as its file holds it."""
    import json

    return json.dumps(made.calibration.as_dict(), indent=1).encode()


def as_dict(made: "Calibrated") -> dict[str, Any]:
    """The JSON of the command; a contract."""
    return {
        "taken": made.is_taken,
        "reset": False,
        "budget": made.calibration.budget,
        "incidents": _kind(made.incidents),
        "runbooks": _kind(made.runbooks),
    }


def _kind(kind: "KindFit") -> dict[str, Any]:
    return {
        "judged": kind.judged,
        "taken": kind.is_taken,
        "threshold": round(kind.fitted.threshold, 4),
        "slope": round(kind.fitted.scaling.slope, 4),
        "shift": round(kind.fitted.scaling.shift, 4),
        "held_out": kind.held.as_dict() if kind.held is not None else None,
    }


def _said(kind: "KindFit", budget: float) -> str:
    from knowledge.evaluate.calibrate import LEAST_CASES

    held = kind.held
    if held is None:
        return f"{kind.judged} judged cases, {LEAST_CASES} are needed; left as it is"
    figures = (
        f"{kind.judged} judged cases; on the newest {held.cases} the log loss goes from "
        f"{held.loss_before:.3f} to {held.loss_after:.3f}, the calibration error from "
        f"{held.error_before:.3f} to {held.error_after:.3f}"
    )
    if not kind.is_taken:
        return f"{figures}: not better, left as it is"
    if kind.fitted.threshold >= 1.0:
        return f"{figures}; no threshold keeps {budget:.0%} wrong, so it never answers alone"
    return f"{figures}; answers from {kind.fitted.threshold:.2f} on"
