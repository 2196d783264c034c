"""Commands and forms: what a person can tell the bot, one registry each.

Adding a command is one function and one line here; adding a form the same.
"""

from collections.abc import Mapping

from bot.commands import channel_settings
from bot.commands.channel_settings import quiet, settings
from bot.commands.model import Command, FormHandler
from bot.commands.regrouping import link, merge, split, unlink
from bot.commands.status import acknowledge, status
from bot.people.model import Role

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(
            name="status",
            usage="[RCL-12]",
            says="which incidents are open; of one, why each alert is in it",
            run=status,
        ),
        Command(name="ack", usage="[RCL-12]", says="you take the incident on", run=acknowledge),
        Command(name="link", usage="[RCL-12] INC-87", says="it is the same as that case", run=link),
        Command(name="unlink", usage="[RCL-12] INC-87", says="it is not the same", run=unlink),
        Command(
            name="split",
            usage="[RCL-12] AlertName",
            says="that alert is another problem",
            run=split,
        ),
        Command(
            name="merge", usage="RCL-12 RCL-13", says="the first is part of the second", run=merge
        ),
        Command(name="quiet", usage="[2h | off]", says="mute this channel at once", run=quiet),
        Command(
            name="settings",
            usage="[off | shadow | thread | card]",
            says="how I behave in this channel; leads change it",
            run=settings,
        ),
    )
}

FORMS: Mapping[str, FormHandler] = {
    channel_settings.FORM: FormHandler(
        open=channel_settings.open_form, submit=channel_settings.submit_form, role=Role.LEAD
    ),
}
