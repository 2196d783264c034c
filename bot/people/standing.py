"""What is known of people's roles beside the settings: user groups of the chat, and what the
identity provider said when somebody signed in last. Both are kept as marks, by whoever may ask."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.audit.model import AuditLog
from bot.jobs.ports import Marks
from bot.people.model import Actor, Role

FRESH = timedelta(minutes=15)
"""A group that was not read for longer than this gives no role: somebody may have left it."""
_GROUP = "usergroup:"
_SIGNED_ON = "signed-on:"


def members_of(marks: Marks, groups: Iterable[str], now: datetime) -> frozenset[str]:
    """The actor keys in any of these groups (TEAM_ID/GROUP_ID), as read within `FRESH`."""
    wanted = tuple(groups)
    # Read without a lock, unlike `get`: whoever decides holds the audit record's lock already,
    # and whoever keeps members takes the two the other way round.
    there = marks.under(_GROUP) if wanted else {}
    found: set[str] = set()
    for group in wanted:
        kept = there.get(f"{_GROUP}{group}")
        if kept is None or now - datetime.fromisoformat(kept["at"]) > FRESH:
            continue
        team_id = group.partition("/")[0]
        found |= {f"{team_id}/{user}" for user in kept["users"]}
    return frozenset(found)


def keep_members(
    marks: Marks, audit: AuditLog, group: str, users: Collection[str], *, by: str, now: datetime
) -> bool:
    """What a group is now; who came and who went is put on the audit record. Gives whether
    anybody did."""
    kept: Mapping[str, Any] = marks.get(f"{_GROUP}{group}") or {"users": []}
    before, after = set(kept["users"]), set(users)
    marks.put(f"{_GROUP}{group}", {"users": sorted(after), "at": now.isoformat()}, now)
    if before == after:
        return False
    audit.append(
        at=now,
        actor=by,
        action="roles.group_changed",
        subject=group,
        data={"came": sorted(after - before), "went": sorted(before - after)},
    )
    return True


def signed_on_role(marks: Marks, actor: Actor) -> Role:
    """What the identity provider made of somebody at the last sign-in; a guest where there was
    none."""
    key = f"{_SIGNED_ON}{actor.key}"
    kept = marks.under(key).get(key)
    return Role(kept["role"]) if kept is not None else Role.GUEST


def keep_signed_on(marks: Marks, audit: AuditLog, actor: Actor, role: Role, now: datetime) -> None:
    """Somebody signed in with that role; a change is put on the audit record."""
    kept = marks.get(f"{_SIGNED_ON}{actor.key}")
    marks.put(f"{_SIGNED_ON}{actor.key}", {"role": role.value}, now)
    before = kept["role"] if kept is not None else None
    if before != role.value:
        audit.append(
            at=now,
            actor=actor.key,
            action="roles.signed_on",
            subject=actor.key,
            data={"before": before, "role": role.value},
        )
