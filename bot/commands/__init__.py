"""Commands and forms: what a person can tell the bot, one registry each.

Adding a command is one function and one line here; adding a form the same.
"""

from collections.abc import Mapping

from bot.commands import actions, breaking, channel_settings, deciding, offering, switching
from bot.commands.asking import ask, runbook, similar
from bot.commands.channel_settings import quiet, settings
from bot.commands.handover import handover
from bot.commands.model import Command, FormHandler, More, Shortcut
from bot.commands.my_settings import MY_SETTINGS
from bot.commands.page_words import FORM as PAGE_WORD_FORM
from bot.commands.page_words import feedback, open_page_word, submit_page_word
from bot.commands.proposing import (
    NOISE_FORM,
    RUNBOOK_FORM,
    noise,
    open_noise,
    open_runbook,
    propose_edit,
    submit_noise,
    submit_runbook,
)
from bot.commands.recording import FORM as RECORD_FORM
from bot.commands.recording import open_record, record, submit_record
from bot.commands.regrouping import link, merge, split, unlink
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
from bot.people.model import Role

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
        Command(
            name="status",
            usage="[RCL-12]",
            says="which incidents are open; of one, why each alert is in it",
            run=status,
        ),
        Command(
            name="handover",
            usage="",
            says="what the next shift has to know",
            run=handover,
            more=(
                More(
                    usage="08:00 | off",
                    says="post it in this channel every day at that time",
                    role=Role.LEAD,
                ),
            ),
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
            usage="[me]",
            says="how I behave in this channel; your own with me",
            run=settings,
            more=(
                More(
                    usage="off | shadow | thread | card",
                    says="how far I am switched on in this channel",
                    role=Role.LEAD,
                ),
            ),
        ),
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
        Command(name="propose", usage="[RCL-12]", says="propose a runbook edit", run=propose_edit),
        Command(
            name="feedback",
            usage="[RCL-12]",
            says="of its runbook: a step is wrong or missing, or it worked",
            run=feedback,
        ),
        Command(name="noise", usage="[RCL-12]", says="propose quiet for an alert", run=noise),
        Command(
            name="act",
            usage="[RCL-12] NAME",
            says="ask to have an action run",
            run=actions.act,
            offered=actions.are_set_up,
        ),
        Command(
            name="actions",
            usage="[stop]",
            says="what waits and runs; stop all of it at once",
            run=switching.actions,
            offered=actions.are_set_up,
            more=(
                More(usage="resume", says="let actions run again", role=Role.ADMIN),
                More(
                    usage="break-glass ACT-7 HASH WHY",
                    says="in an emergency, run it without the approvals that it lacks",
                    offered=breaking.may_break,
                ),
            ),
        ),
    )
}

FORMS: Mapping[str, FormHandler] = {
    actions.FORM: FormHandler(open=actions.open_form, submit=actions.submit_form),
    actions.CONFIRM: FormHandler(open=actions.open_confirm, submit=actions.submit_confirm),
    offering.FORM: FormHandler(open=offering.open_offer, submit=offering.submit_offer),
    "act_reject": deciding.REJECT,
    "act_changes": deciding.CHANGES,
    "act_change": deciding.CHANGE,
    "act_glass": breaking.GLASS_FORM,
    channel_settings.FORM: FormHandler(
        open=channel_settings.open_form, submit=channel_settings.submit_form, role=Role.LEAD
    ),
    RESOLVE_FORM: FormHandler(open=open_resolve, submit=submit_resolve, fill=fill_resolve),
    RECORD_FORM: FormHandler(open=open_record, submit=submit_record),
    RUNBOOK_FORM: FormHandler(open=open_runbook, submit=submit_runbook),
    PAGE_WORD_FORM: FormHandler(open=open_page_word, submit=submit_page_word),
    NOISE_FORM: FormHandler(open=open_noise, submit=submit_noise),
    SNOOZE_FORM: FormHandler(open=open_snooze, submit=submit_snooze),
    "my_settings": MY_SETTINGS,
}

SHORTCUTS: Mapping[str, Shortcut] = {"recall_save_resolution": save_as_resolution}
"""What can be done with a message, by the shortcut's callback id."""
