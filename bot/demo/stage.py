"""The demo's stage: a workspace in this process, the real `recall serve` beside it, knowledge
in its database. Everything listens on loopback and ends with this process."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from bot.clock import SystemClock
from bot.demo.serving import ServeProcess, clean_environment
from bot.errors import DataError
from bot.importing import Importer, ImportReport
from bot.store.database import Database
from bot.uow import UnitOfWork
from bot.workspace.control import DemoButton
from bot.workspace.driver import Person
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace
from knowledge.loaders.outcome import Outcome

CHANNEL = "incidents"


class Stage:
    """Use as a context manager: on entering, everything runs and is ready.

    `folder` gets the database, the index and the log of `recall serve`. `leads` are names;
    `settings` come on top of the stage's own; `past` puts more into the database than documents.
    """

    def __init__(
        self,
        folder: Path,
        *,
        services: Path,
        knowledge: Sequence[tuple[str, Callable[[], Iterable[Outcome]]]],
        users: Sequence[str] = ("alice", "bob"),
        port: int = 0,
        buttons: Sequence[DemoButton] = (),
        told: Callable[[str], None] = lambda _: None,
        leads: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        past: Callable[["Stage", UnitOfWork], None] | None = None,
    ) -> None:
        self._folder = folder
        self._services = services
        self._knowledge = knowledge
        self._told = told
        self.users = tuple(users)
        self._leads = tuple(leads)
        self._extra = dict(settings or {})
        self._past = past
        self._token = secrets.token_urlsafe(24)
        self.workspace = LocalWorkspace(
            users=users, channels=(CHANNEL, "general"), port=port, demo_buttons=buttons
        )
        self.serve: ServeProcess | None = None

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def open(self) -> None:
        """Start the workspace, fill the knowledge, start the bot and wait until it can answer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.workspace.start()
        self._told("reading the team's past into a fresh database")
        self._fill()
        self._told("starting recall serve (loads the model, embeds what it was given)")
        self.start_serve()

    def start_serve(self) -> None:
        """Start `recall serve` (again)."""
        workspace = self.workspace
        leads = [f"{workspace.team_id}/{self.person(name).id}" for name in self._leads]
        self.serve = ServeProcess(
            {
                "RECALL_DATA_DIR": str(self._folder),
                "RECALL_WEBHOOK_TOKEN": self._token,
                "RECALL_SERVICES_FILE": str(self._services),
                "RECALL_SLACK_CHANNEL": CHANNEL,
                "RECALL_ROLLOUT": "card",
                # A night on the stage lasts minutes: what ends is over, and may come again.
                "RECALL_RESOLVE_AFTER_SECONDS": "0",
                "RECALL_FLAP_SECONDS": "0",
                **({"RECALL_LEADS": ",".join(leads)} if leads else {}),
                "SLACK_BOT_TOKEN": workspace.bot_token,
                "SLACK_APP_TOKEN": workspace.app_token,
                "SLACK_API_URL": workspace.api_url,
                **self._extra,
            },
            self._folder / "serve.log",
        )
        self.serve.start()
        self.serve.wait_ready()

    def close(self) -> None:
        if self.serve is not None:
            self.serve.stop()
        self.workspace.stop()

    @property
    def bot(self) -> ServeProcess:
        """The running `recall serve`."""
        if self.serve is None:
            raise RuntimeError("the stage is not open")
        return self.serve

    def person(self, name: str) -> Person:
        return self.workspace.user(name)

    def alert(self, source: str, body: Mapping[str, Any]) -> str:
        """Send one webhook body; returns the delivery's id. Raises httpx errors on a refusal."""
        with self.bot.client() as client:
            answer = client.post(f"/v1/alerts/{source}", json=body).raise_for_status()
        return str(answer.json()["id"])

    @property
    def token(self) -> str:
        """Opens the webhooks and the API."""
        return self._token

    @property
    def folder(self) -> Path:
        return self._folder

    def recall(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of `recall` on this stage's data, as somebody at the machine would."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            env=clean_environment({"RECALL_DATA_DIR": str(self._folder)}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def incidents(self) -> Sequence[Mapping[str, Any]]:
        """The incidents in short, newest first."""
        rows: Sequence[Mapping[str, Any]] = self.bot.get("/v1/incidents")["items"]
        return rows

    def incident(self, alert_name: str) -> Mapping[str, Any] | None:
        """The newest incident that alert is part of, whole; None when there is none."""
        for row in self.incidents():
            whole: Mapping[str, Any] = self.bot.get(f"/v1/incidents/{row['key']}")
            if any(alert["name"] == alert_name for alert in whole["alerts"]):
                return whole
        return None

    def wait_for_suggestion(self, alert_name: str) -> None:
        """Until the bot has made up its mind about that alert, spoken or not.

        Raises TimeoutError.
        """
        self.bot.until(lambda: bool((self.incident(alert_name) or {}).get("suggestion")))

    def narrate(self, text: str, time: str = "") -> None:
        """Tell the people at the page, in one line, what they see."""
        self.workspace.control.narrate(text, time)

    def messages(self) -> list[Message]:
        """What stands in the incident channel, oldest first."""
        return list(self.workspace.messages(CHANNEL))

    def bot_messages(self) -> list[Message]:
        """The bot's own messages in the incident channel, oldest first."""
        return [m for m in self.messages() if m.user == self.workspace.bot.id]

    def _fill(self) -> None:
        clock = SystemClock()
        database = Database(f"sqlite:///{(self._folder / 'recall.db').resolve()}", clock=clock)
        try:
            database.migrate()
            importer = Importer(units=database, clock=clock, actor="demo")
            for subject, outcomes in self._knowledge:
                _insist(importer.run(outcomes(), subject=subject))
            if self._past is not None:
                with database.begin() as uow:
                    self._past(self, uow)
        finally:
            database.close()


def _insist(report: ImportReport) -> None:
    """The demo's own data must be whole."""
    if report.failed:
        told = "; ".join(f"{p.file}:{p.line}: {p.reason}" for p in report.failed)
        raise DataError(f"the demo's data cannot be read: {told}")
