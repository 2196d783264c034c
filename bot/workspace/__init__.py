"""A local, Slack-compatible workspace for the demo, game days and tests.

It speaks Slack's wire format itself (Web API, Socket Mode, signed HTTP, interactivity), so the
bot connects to it with the code and client library it uses for Slack; and it keeps Slack's
rules, so that a test on it means something.
"""

from bot.workspace.control import DemoButton
from bot.workspace.delivery import Attempt, Delivery
from bot.workspace.driver import OtherApp, Person, button_texts
from bot.workspace.errors import SlackError
from bot.workspace.faults import Fault, Faults
from bot.workspace.lookout import Room
from bot.workspace.model import Channel, File, Message, User, View
from bot.workspace.server import LocalWorkspace

__all__ = [
    "Attempt",
    "Channel",
    "Delivery",
    "DemoButton",
    "Fault",
    "Faults",
    "File",
    "LocalWorkspace",
    "Message",
    "OtherApp",
    "Person",
    "Room",
    "SlackError",
    "User",
    "View",
    "button_texts",
]
