"""Slack: tokens, scopes, the connection, the channels that the settings name."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from bot.doctor.model import Check, ok, problem, warning
from bot.errors import ChatRefused, ChatUnavailable
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.slack.checkup import Membership

    Find = Callable[[str], Membership | None]

_SHADOW = "shadow channel"
_APP = "https://api.slack.com/apps"


def check_slack(settings: Settings) -> Iterator[Check]:
    """Asks Slack itself; posts nothing."""
    if settings.slack_bot_token is None:
        yield warning(
            "slack",
            "no token is set, so nothing is posted anywhere",
            "set SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET",
        )
        return
    try:
        yield from _ask(settings, settings.slack_bot_token.get_secret_value())
    except ChatRefused as error:
        yield problem("slack", str(error), f"see the app's settings at {_APP}")
    except ChatUnavailable as error:
        yield problem(
            "slack", str(error), "check network, HTTPS_PROXY, RECALL_CA_BUNDLE and SLACK_API_URL"
        )
    except OSError as error:  # met while the certificates are read, before anything is asked
        yield problem(
            "slack",
            f"{settings.ca_bundle} cannot be used: {error}",
            "set RECALL_CA_BUNDLE to a PEM file of certificate authorities",
        )


def _ask(settings: Settings, token: str) -> Iterator[Check]:
    from bot.slack import checkup
    from bot.slack.connect import web_client

    client = web_client(
        token,
        base_url=settings.slack_api_url,
        proxy=settings.https_proxy,
        ca_bundle=settings.ca_bundle,
    )
    who = checkup.identity(client)
    yield ok("slack", f"the bot is @{who.user} in {who.team} ({settings.slack_mode} mode)")
    yield from _scopes(who.scopes)
    if settings.slack_app_token is not None:
        checkup.open_connection(client, settings.slack_app_token.get_secret_value())
        yield ok("slack connection", "Socket Mode can be opened")
    yield from _channels(partial(checkup.membership, client), settings)


def _channels(find: "Find", settings: Settings) -> Iterator[Check]:
    """Each channel that the settings name, and whether anything can be said there."""
    if not settings.slack_channel:
        yield warning(
            "slack channel",
            "none is set, so no incident card is posted",
            "set RECALL_SLACK_CHANNEL to a channel's name or id",
        )
    elif settings.rollout == "shadow" and not settings.shadow_channel:
        yield warning(
            _SHADOW,
            "none is set, so in shadow mode answers are kept but shown nowhere",
            "set RECALL_SHADOW_CHANNEL to a private channel that the bot is in",
        )
    for name, wanted in (
        ("slack channel", settings.slack_channel),
        (_SHADOW, settings.shadow_channel),
        ("admin channel", settings.admin_channel),
        ("canary channel", settings.canary_channel),
        ("leads' channel", settings.leads_channel),
    ):
        if wanted:
            yield _channel(name, wanted, find(wanted))


def _channel(name: str, wanted: str, found: "Membership | None") -> Check:
    if found is None or not found.is_member:
        return problem(
            name, f"the bot is not a member of {wanted}", "write `/invite @the-bot` there"
        )
    if found.is_archived:
        return problem(name, f"{wanted} is archived", "choose another one or unarchive it")
    if found.is_shared:
        return warning(
            name,
            f"{wanted} is shared with another organisation",
            "choose an internal channel: nothing from the memory is shown in a shared one",
        )
    if name == _SHADOW and not found.is_private:
        return warning(
            name,
            f"{wanted} is public: everybody in the workspace reads and grades there",
            "choose a private channel with the few who grade",
        )
    return ok(name, f"the bot is a member of {wanted}")


def _scopes(held: frozenset[str] | None) -> Iterator[Check]:
    """The least there is, and what else is off for want of a scope."""
    from bot.slack.scopes import CORE, features_off

    if held is None:
        yield warning(
            "slack scopes", "the server does not name them", "compare them with the manifest"
        )
        return
    off = features_off(held)
    advice = f"add them under OAuth & Permissions at {_APP} and install the app again"
    least = off.get(CORE)
    if least:
        yield problem("slack scopes", f"missing: {', '.join(least)}", advice)
    else:
        yield ok("slack scopes", "the bot may do what it must")
    for name, missing in off.items():
        if name != CORE:
            yield warning("slack feature", f"{name}: off without {', '.join(missing)}", advice)
