"""Who is asking and who is there: auth, apps, users, bots, team."""

from bot.workspace.api.call import Call
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON


def auth_test(call: Call) -> JSON:
    """auth.test"""
    state = call.state
    return {
        "url": f"{state.base_url}/",
        "team": state.team_name,
        "user": state.bot.name,
        "team_id": state.team_id,
        "user_id": state.bot.id,
        "bot_id": state.bot.bot_id,
        "is_enterprise_install": False,
    }


def api_test(call: Call) -> JSON:
    """api.test: echoes its arguments, or fails with the code in `error`."""
    args = {key: value for key, value in call.args.items() if key != "token"}
    if "error" in args:
        raise SlackError(str(args["error"]), args=args)
    return {"args": args}


def _email(call: Call) -> bool:
    return "users:read.email" in call.scopes


def user_info(call: Call) -> JSON:
    """users.info"""
    user = call.state.user(call.required("user", "user_not_found"))
    return {"user": user.json(now=call.state.clock(), with_email=_email(call))}


def user_list(call: Call) -> JSON:
    """users.list"""
    page, metadata = call.page(list(call.state.users.values()))
    now = call.state.clock()
    return {
        "members": [user.json(now=now, with_email=_email(call)) for user in page],
        "cache_ts": int(call.state.clock()),
        "response_metadata": metadata,
    }


def user_by_email(call: Call) -> JSON:
    """users.lookupByEmail"""
    wanted = call.required("email", "users_not_found").lower()
    for user in call.state.users.values():
        if user.email.lower() == wanted and not user.is_bot and not user.deleted:
            return {"user": user.json(now=call.state.clock())}
    raise SlackError("users_not_found")


def bot_info(call: Call) -> JSON:
    """bots.info"""
    wanted = call.text("bot", call.bot.bot_id or "")
    for user in call.state.users.values():
        if user.bot_id == wanted:
            return {
                "bot": {
                    "id": user.bot_id,
                    "deleted": user.deleted,
                    "name": user.real_name,
                    "updated": 0,
                    "app_id": user.app_id,
                    "user_id": user.id,
                    "icons": {},
                }
            }
    raise SlackError("bot_not_found")


def team_info(call: Call) -> JSON:
    """team.info"""
    state = call.state
    return {
        "team": {
            "id": state.team_id,
            "name": state.team_name,
            "domain": state.team_domain,
            "email_domain": f"{state.team_domain}.example",
            "url": f"{state.base_url}/",
        }
    }
