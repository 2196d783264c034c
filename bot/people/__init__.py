"""Who acts: identities, and what they may do."""

from bot.people.model import Actor, Role, RoleBook

__all__ = ["Actor", "Role", "RoleBook"]
