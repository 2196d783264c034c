"""The Web API: which methods there are, which scope each needs, and how one is called."""

from collections.abc import Callable

from bot.workspace.api import (
    assistant,
    chat,
    conversations,
    files,
    groups,
    marks,
    people,
    views,
)
from bot.workspace.api.call import Call
from bot.workspace.core import Core
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON

Handler = Callable[[Call], JSON]

METHODS: dict[str, Handler] = {
    "api.test": people.api_test,
    "assistant.threads.setStatus": assistant.set_status,
    "assistant.threads.setSuggestedPrompts": assistant.set_suggested_prompts,
    "assistant.threads.setTitle": assistant.set_title,
    "auth.test": people.auth_test,
    "bookmarks.add": marks.add_bookmark,
    "bookmarks.list": marks.list_bookmarks,
    "bookmarks.remove": marks.remove_bookmark,
    "bots.info": people.bot_info,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.archive": conversations.archive,
    "conversations.create": conversations.create,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.invite": conversations.invite,
    "conversations.join": conversations.join,
    "conversations.kick": conversations.kick,
    "conversations.leave": conversations.leave,
    "conversations.list": conversations.list_all,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_direct,
    "conversations.replies": conversations.replies,
    "conversations.setPurpose": conversations.set_purpose,
    "conversations.setTopic": conversations.set_topic,
    "files.completeUploadExternal": files.complete_upload,
    "files.delete": files.delete,
    "files.getUploadURLExternal": files.get_upload_url,
    "files.info": files.info,
    "pins.add": marks.add_pin,
    "pins.list": marks.list_pins,
    "pins.remove": marks.remove_pin,
    "reactions.add": marks.add_reaction,
    "reactions.get": marks.get_reactions,
    "reactions.remove": marks.remove_reaction,
    "team.info": people.team_info,
    "usergroups.list": groups.list_all,
    "usergroups.users.list": groups.list_users,
    "users.conversations": conversations.list_own,
    "users.info": people.user_info,
    "users.list": people.user_list,
    "users.lookupByEmail": people.user_by_email,
    "views.open": views.open_modal,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}

# The scopes any one of which is enough; methods that are not named need none.
SCOPES: dict[str, tuple[str, ...]] = {
    "assistant.threads.setStatus": ("assistant:write", "chat:write"),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "bookmarks.add": ("bookmarks:write",),
    "bookmarks.list": ("bookmarks:read",),
    "bookmarks.remove": ("bookmarks:write",),
    "bots.info": ("users:read",),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.archive": ("channels:manage", "groups:write"),
    "conversations.create": ("channels:manage", "groups:write"),
    "conversations.history": (
        "channels:history",
        "groups:history",
        "im:history",
        "mpim:history",
    ),
    "conversations.info": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.invite": ("channels:manage", "groups:write"),
    "conversations.join": ("channels:join",),
    "conversations.kick": ("channels:manage", "groups:write"),
    "conversations.leave": ("channels:manage", "groups:write"),
    "conversations.list": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.members": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.open": ("im:write", "mpim:write"),
    "conversations.replies": (
        "channels:history",
        "groups:history",
        "im:history",
        "mpim:history",
    ),
    "conversations.setPurpose": ("channels:manage", "groups:write"),
    "conversations.setTopic": ("channels:manage", "groups:write"),
    "files.completeUploadExternal": ("files:write",),
    "files.delete": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "pins.add": ("pins:write",),
    "pins.list": ("pins:read",),
    "pins.remove": ("pins:write",),
    "reactions.add": ("reactions:write",),
    "reactions.get": ("reactions:read",),
    "reactions.remove": ("reactions:write",),
    "team.info": ("team:read",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.conversations": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
}

CONNECT = "apps.connections.open"


def call(core: Core, method: str, token: str, args: JSON, *, ticket: Callable[[], str]) -> JSON:
    """Answer one call; `ticket` gives the path of a new Socket Mode address.

    Raises SlackError: unknown_method, not_authed, invalid_auth, not_allowed_token_type,
    missing_scope, and whatever the method refuses.
    """
    if method == "api.test":
        return METHODS[method](Call(core, args, core.credentials.scopes))
    if method != CONNECT and method not in METHODS:
        raise SlackError("unknown_method", req_method=method)
    _authorise(core, method, token)
    if method == CONNECT:
        if core.faults.refuse_connections:
            raise SlackError("internal_error")
        return {"url": core.state.base_url.replace("http://", "ws://", 1) + ticket()}
    with core.state.changed:
        return METHODS[method](Call(core, args, core.credentials.scopes))


def _authorise(core: Core, method: str, token: str) -> None:
    known = core.credentials
    if not token:
        raise SlackError("not_authed")
    if token not in (known.bot_token, known.app_token):
        raise SlackError("invalid_auth")
    if (method == CONNECT) != (token == known.app_token):
        raise SlackError("not_allowed_token_type")
    enough = SCOPES.get(method, ())
    if enough and not known.scopes.intersection(enough):
        raise SlackError("missing_scope", needed=enough[0], provided=",".join(sorted(known.scopes)))
