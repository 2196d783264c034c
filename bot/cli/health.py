"""`recall health`: ask a running server whether it is ready; the container's health check."""

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import typer

from bot.cli.common import CONFIG_OPTION, EXIT_FAILED, EXIT_USAGE, read_settings, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared only


@app.command()
def health(
    url: str = typer.Option("", help="Base address of the server; the settings' by default."),
    timeout: float = typer.Option(3.0, min=0.1, help="Seconds to wait for the answer."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Exit 0 when the server answers /readyz with 200, else 1."""
    address = url.rstrip("/") or _own_address(config)
    if urlsplit(address).scheme not in ("http", "https"):
        say(f"{address} is not an http or https address", "bold red")
        raise typer.Exit(EXIT_USAGE)
    try:
        # No proxy: this asks the machine itself.
        answer = httpx.get(f"{address}/readyz", timeout=timeout, trust_env=False)
    except httpx.HTTPError as error:
        say(f"{address} does not answer: {type(error).__name__}", "bold red")
        raise typer.Exit(EXIT_FAILED) from error
    say(f"{address}: {'ready' if answer.status_code == httpx.codes.OK else 'not ready'}")
    if answer.status_code != httpx.codes.OK:
        raise typer.Exit(EXIT_FAILED)


def _own_address(config: Path | None) -> str:
    settings = read_settings(config)
    host = _ANY_ADDRESS.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
