"""usergroups.*: which groups of people there are, and who is in them."""

from bot.workspace.api.call import Call
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, UserGroup


def _shown(call: Call, group: UserGroup) -> JSON:
    body = group.json(call.state.team_id)
    if call.flag("include_users"):
        body["users"] = list(group.users)
    return body


def list_all(call: Call) -> JSON:
    """usergroups.list"""
    groups = [g for g in call.state.groups.values() if not g.disabled or _disabled(call)]
    return {"usergroups": [_shown(call, group) for group in groups]}


def list_users(call: Call) -> JSON:
    """usergroups.users.list"""
    group = call.state.groups.get(call.required("usergroup", "no_such_subteam"))
    if group is None or (group.disabled and not _disabled(call)):
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def _disabled(call: Call) -> bool:
    return call.flag("include_disabled")
