"""Opening everything that the story needs: the machines behind its cause, the stage, and between
them the actions by which the one reaches the other."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.machines.plant import Plant
from bot.demo.past import PastNights
from bot.demo.stage import Stage
from bot.demo.story import DATA, Story, TrueCause, knowledge
from bot.uow import UnitOfWork
from bot.workspace.control import DemoButton

_LEADS = ("alice", "bob")
"""Both may approve; which of them may not is a matter of who asked."""
_SERVICES = DATA / "services.yaml"


@contextmanager
def opened(
    folder: Path,
    story: Story,
    cause: TrueCause,
    *,
    port: int = 0,
    buttons: Sequence[DemoButton] = (),
    told: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Stage, Plant]]:
    """The stage and the plant, running."""
    folder = folder.resolve()
    programs, actions = folder / "programs", folder / "actions"
    operations = _write_actions(actions, programs)
    fixes = {one.action.template: one.action.parameters for one in story.causes}
    with Plant(programs, cause.plant, operations) as plant:
        stage = Stage(
            folder,
            services=_SERVICES,
            knowledge=knowledge(),
            port=port,
            buttons=buttons,
            told=told,
            leads=_LEADS,
            settings={
                "RECALL_ACTIONS_DIR": str(actions),
                "RECALL_RUNNER_COMMANDS": ",".join(map(str, plant.commands)),
                # A night lasts minutes: a storm's one message is edited as people watch it.
                "RECALL_STORM_EDIT_SECONDS": "2",
            },
            past=lambda stage, uow: _keep_past(stage, uow, actions, fixes),
        )
        with stage:
            yield stage, plant


def _write_actions(actions: Path, programs: Path) -> list[str]:
    """The templates, with the folder of the programs in its place; gives the programs' names."""
    actions.mkdir(parents=True, exist_ok=True)
    templates = sorted((DATA / "actions").glob("*.yaml"))
    for template in templates:
        text = template.read_text(encoding="utf-8")
        # Inside of a quoted text, where YAML reads what JSON writes.
        quoted = json.dumps(str(programs))[1:-1]
        (actions / template.name).write_text(text.replace("PROGRAMS", quoted), encoding="utf-8")
    return [template.stem for template in templates]


def _keep_past(
    stage: Stage, uow: UnitOfWork, actions: Path, fixes: Mapping[str, Mapping[str, str]]
) -> None:
    """A folder that was kept has its past already."""
    if uow.incidents.list(1):
        return
    nights = PastNights.read(
        DATA / "nights.yaml",
        actions=actions,
        services=_SERVICES,
        team_id=stage.workspace.team_id,
        user_id=lambda name: stage.person(name).id,
        values=fixes,
    )
    now = datetime.now(UTC)
    count = nights.keep(uow, now)
    uow.audit.append(
        at=now, actor="demo", action="demo.past_kept", subject="nights", data={"nights": count}
    )


@contextmanager
def data_folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, or one that goes away afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="recall-demo-") as folder:
        yield Path(folder)
