"""`recall demo`: the story, live in a local workspace, or once and checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import JSON_OPTION

if TYPE_CHECKING:
    from bot.demo.play import PlayedBeat

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def demo(
    once: bool = typer.Option(False, "--once", help="Play it without a browser, check, exit."),
    seed: int = typer.Option(1, min=1, help="Which of the causes is the true one (1, 2, 3)."),
    port: int = typer.Option(0, min=0, max=65535, help="Port of the workspace page; 0: any."),
    keep: Path = typer.Option(None, help="Folder to keep the demo's data in.", file_okay=False),
    pause: float = typer.Option(
        None, min=0, hidden=True, help="Seconds between the beats of the story."
    ),
    json: bool = JSON_OPTION,
) -> None:
    """Play the story at Larkspur, a bookshop, on the real product and embedded defaults."""
    if once:
        _once(seed, json)
    else:
        _live(seed, port, keep, pause)


def _once(seed: int, as_json: bool) -> None:
    from bot.cli.common import exit_on_error, print_json, say
    from bot.demo.play import play_once
    from bot.demo.text_card import framed

    played: list[PlayedBeat] = []

    def on_beat(one: "PlayedBeat") -> None:
        played.append(one)
        if as_json:
            return
        typer.echo(f"\n{one.beat.time}  {one.beat.what}")
        for title, text in one.seen.shown:
            typer.echo(framed(text, title))
        for what, came_true in one.seen.checks:
            typer.echo(f"  {'ok  ' if came_true else 'FAIL'}  {what}")

    with exit_on_error():
        ok = play_once(seed, tell=lambda text: say(f"... {text}", "dim"), on_beat=on_beat)
    if as_json:
        print_json(as_dict(seed, ok, played))
    else:
        checks = sum(len(one.seen.checks) for one in played)
        typer.echo(f"\nseed {seed}: {checks} checks, {'all came true' if ok else 'FAILED'}")
    raise typer.Exit(0 if ok else 1)


def as_dict(seed: int, ok: bool, played: "Sequence[PlayedBeat]") -> dict[str, object]:
    """The JSON of `demo --once`; a contract."""
    beats = [
        {
            "time": one.beat.time,
            "what": one.beat.what,
            "ok": one.seen.ok,
            "seen": [{"check": what, "ok": came_true} for what, came_true in one.seen.checks],
        }
        for one in played
    ]
    return {"seed": seed, "ok": ok, "beats": beats}


def _live(seed: int, port: int, keep: Path | None, pause: float | None) -> None:
    import signal
    import threading

    from bot.cli.common import exit_on_error, say
    from bot.demo.live import PAUSE_SECONDS, LiveShow

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with exit_on_error():
        seconds = PAUSE_SECONDS if pause is None else pause
        LiveShow(seed, port=port, keep=keep, tell=say, pause=seconds).run(stop)
