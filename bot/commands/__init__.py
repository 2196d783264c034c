"""Commands and forms: what a person can tell the bot, one registry each.

Adding a command is one function and one line here; adding a form the same.
"""

from collections.abc import Mapping

from bot.commands.handover import handover
from bot.commands.model import Command, FormHandler
from bot.commands.my_settings import MY_SETTINGS
from bot.commands.status import acknowledge, status

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(name="status", usage="", says="which incidents are open", run=status),
        Command(
            name="handover",
            usage="[08:00 | off]",
            says="what the next shift has to know; with a time a lead sets it for this channel",
            run=handover,
        ),
        Command(name="ack", usage="[RCL-12]", says="you take the incident on", run=acknowledge),
    )
}

FORMS: Mapping[str, FormHandler] = {
    "my_settings": MY_SETTINGS,
}
