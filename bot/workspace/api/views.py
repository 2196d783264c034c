"""views.*: modals (a stack of at most three for each person) and home tabs."""

import hashlib
import json
from dataclasses import replace

from bot.workspace import rules
from bot.workspace.api.call import Call
from bot.workspace.api.chat import numbered
from bot.workspace.errors import SlackError, invalid
from bot.workspace.model import JSON, View
from bot.workspace.state import State

MAX_STACK = 3


def definition(call: Call, kind: str) -> JSON:
    """The view that the app sent, checked and with block ids."""
    view = call.json("view")
    rules.check_view(view, len(json.dumps(view).encode()))
    if view["type"] != kind:
        raise invalid("invalid_arguments", f"must be {kind} [json-pointer:/view/type]")
    return _with_ids(call.state, view)


def _with_ids(state: State, view: JSON) -> JSON:
    return {**view, "blocks": list(numbered(view["blocks"], state.next_id))}


def build(
    state: State, user: str, shown: JSON, root: str | None = None, previous: str | None = None
) -> View:
    """A new view of `user` with an id and a hash."""
    view_id = state.next_id("V")
    return View(
        id=view_id,
        team_id=state.team_id,
        user=user,
        app_id=state.app_id,
        bot_id=state.bot.bot_id or "",
        definition=shown,
        hash=_hash(state, shown),
        root_view_id=root or view_id,
        previous_view_id=previous,
    )


def _hash(state: State, shown: JSON) -> str:
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    return f"{state.next_ts().partition('.')[0]}.{digest[:8]}"


def open_modal(call: Call) -> JSON:
    """views.open: with a trigger id, which is used up by it."""
    shown = definition(call, "modal")
    _check_external_id(call.state, shown)
    user = call.core.grants.use_trigger(call.required("trigger_id", "invalid_trigger_id"))
    view = build(call.state, user, shown)
    call.state.views[user] = [view]
    call.state.touch()
    return {"view": view.json()}


def push(call: Call) -> JSON:
    """views.push: a further modal on top of the open one."""
    shown = definition(call, "modal")
    _check_external_id(call.state, shown)
    user = call.core.grants.use_trigger(call.required("trigger_id", "invalid_trigger_id"))
    return {"view": push_on(call.state, user, shown).json()}


def push_on(state: State, user: str, shown: JSON) -> View:
    """Put a modal on the user's stack. Raises SlackError: not_found, push_limit_reached."""
    stack = state.views.get(user, [])
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    view = build(state, user, shown, stack[0].id, stack[-1].id)
    state.views[user] = [*stack, view]
    state.touch()
    return view


def _check_external_id(state: State, shown: JSON) -> None:
    external_id = shown.get("external_id")
    if external_id and any(
        view.definition.get("external_id") == external_id
        for stack in state.views.values()
        for view in stack
    ):
        raise SlackError("duplicate_external_id")


def update(call: Call) -> JSON:
    """views.update: by view id or external id, if `hash` is still the newest."""
    view = _find(call)
    if call.text("hash") and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    shown = definition(call, view.definition["type"])
    return {"view": replace_view(call.state, view, shown).json()}


def replace_view(state: State, view: View, shown: JSON) -> View:
    """Show something else in an open view, whose id stays."""
    after = replace(view, definition=shown, hash=_hash(state, shown), errors=())
    swap(state, after)
    return after


def swap(state: State, after: View) -> None:
    """Put `after` in the place of the view with its id."""
    if after.definition["type"] == "home":
        state.homes[after.user] = after
    else:
        stack = state.views.get(after.user, [])
        state.views[after.user] = [after if view.id == after.id else view for view in stack]
    state.touch()


def _find(call: Call) -> View:
    view_id, external_id = call.text("view_id"), call.text("external_id")
    everything = [view for stack in call.state.views.values() for view in stack]
    for view in [*everything, *call.state.homes.values()]:
        if view_id and view.id == view_id:
            return view
        if external_id and view.definition.get("external_id") == external_id:
            return view
    raise SlackError("not_found")


def publish(call: Call) -> JSON:
    """views.publish: the home tab of one user."""
    user = call.state.user(call.required("user_id", "user_not_found"))
    shown = definition(call, "home")
    before = call.state.homes.get(user.id)
    if before is None:
        view = build(call.state, user.id, shown)
        call.state.homes[user.id] = view
        call.state.touch()
    else:
        if call.text("hash") and call.text("hash") != before.hash:
            raise SlackError("hash_conflict")
        view = replace_view(call.state, before, shown)
    return {"view": view.json()}
