"""Commands and forms: what a person can tell the bot, one registry each.

Adding a command is one function and one line here; adding a form the same.
"""

from collections.abc import Mapping

from bot.commands.model import Command, FormHandler, Shortcut
from bot.commands.proposing import (
    NOISE_FORM,
    RUNBOOK_FORM,
    noise,
    open_noise,
    open_runbook,
    runbook,
    submit_noise,
    submit_runbook,
)
from bot.commands.recording import FORM as RECORD_FORM
from bot.commands.recording import open_record, record, submit_record
from bot.commands.resolving import FORM as RESOLVE_FORM
from bot.commands.resolving import (
    fill_resolve,
    open_resolve,
    resolve,
    save_as_resolution,
    submit_resolve,
)
from bot.commands.snoozing import FORM as SNOOZE_FORM
from bot.commands.snoozing import open_snooze, snooze, submit_snooze
from bot.commands.status import acknowledge, status

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(name="status", usage="", says="which incidents are open", run=status),
        Command(name="ack", usage="[RCL-12]", says="you take the incident on", run=acknowledge),
        Command(
            name="resolve",
            usage="[RCL-12] [what fixed it]",
            says="it is over; without words a form asks",
            run=resolve,
        ),
        Command(
            name="snooze",
            usage="[RCL-12] [2h] [why]",
            says="no reminders for a while",
            run=snooze,
        ),
        Command(name="record", usage="[RCL-12]", says="write up what happened", run=record),
        Command(name="runbook", usage="[RCL-12]", says="propose a runbook edit", run=runbook),
        Command(name="noise", usage="[RCL-12]", says="propose quiet for an alert", run=noise),
    )
}

FORMS: Mapping[str, FormHandler] = {
    RESOLVE_FORM: FormHandler(open=open_resolve, submit=submit_resolve, fill=fill_resolve),
    RECORD_FORM: FormHandler(open=open_record, submit=submit_record),
    RUNBOOK_FORM: FormHandler(open=open_runbook, submit=submit_runbook),
    NOISE_FORM: FormHandler(open=open_noise, submit=submit_noise),
    SNOOZE_FORM: FormHandler(open=open_snooze, submit=submit_snooze),
}

SHORTCUTS: Mapping[str, Shortcut] = {"recall_save_resolution": save_as_resolution}
"""What can be done with a message, by the shortcut's callback id."""
