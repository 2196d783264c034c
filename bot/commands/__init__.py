"""Commands and forms: what a person can tell the bot, one registry each.

Adding a command is one function and one line here; adding a form the same.
"""

from collections.abc import Mapping

from bot.commands.asking import ask, runbook, similar
from bot.commands.model import Command, FormHandler
from bot.commands.status import acknowledge, status

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(name="ask", usage="QUESTION", says="past cases and runbooks that fit", run=ask),
        Command(
            name="similar",
            usage="[RCL-12 | WORDS]",
            says="the most alike past incidents, and what fixed them",
            run=similar,
        ),
        Command(
            name="runbook",
            usage="[SERVICE | RCL-12 | WORDS]",
            says="the runbook sections that fit best",
            run=runbook,
        ),
        Command(name="status", usage="", says="which incidents are open", run=status),
        Command(name="ack", usage="[RCL-12]", says="you take the incident on", run=acknowledge),
    )
}

FORMS: Mapping[str, FormHandler] = {}
