"""From what an identity provider says of somebody to a person and a role here. Pure."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import SignOnRefused
from bot.people.model import Actor, Role

TEAM = "OIDC"
"""The team of those whom only the identity provider knows."""
_ACTOR = re.compile(r"([A-Z0-9]{1,40})/([A-Z0-9]{1,40})", re.ASCII)
OWN_TEAMS = (TEAM, "CONSOLE")
"""Teams that are no chat's: of their people alone it is not known who they are there."""
_NAMES = ("name", "preferred_username", "email")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnRules:
    """Who may come in, and as what. `role_claim` is the claim with somebody's groups; `leads`,
    `admins` and `responders` are values of it. Without `responders` everybody whom the provider
    knows is one. `actor_claim` names the claim that holds TEAM_ID/USER_ID, "" for none."""

    role_claim: str = "groups"
    responders: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    actor_claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOn:
    """Who came, under which name, with which role."""

    actor: Actor
    name: str
    role: Role


def person_of(claims: Mapping[str, Any], issuer: str, rules: SignOnRules) -> SignedOn:
    """The person of checked claims. Raises SignOnRefused for those who may not come in."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise SignOnRefused("The identity provider did not say who you are (no sub).")
    role = _role(groups_of(claims, rules.role_claim), rules)
    actor = _actor(claims, issuer, subject, rules)
    return SignedOn(actor=actor, name=_name(claims, actor), role=role)


def actor_of(issuer: str, subject: str) -> Actor:
    """The actor of a subject: the same at each sign-in, and another for another issuer's subject
    of the same name. 120 bits of a hash, in letters and digits as all actors are."""
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()[:15]
    return Actor(team_id=TEAM, user_id=base64.b32encode(digest).decode())


def groups_of(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts of a claim that holds one or a list of them. `name` may be a path, as in
    realm_access.roles; a claim whose own name has dots comes first."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return frozenset(value for value in values if isinstance(value, str) and value)


def _role(groups: frozenset[str], rules: SignOnRules) -> Role:
    if groups & rules.admins:
        return Role.ADMIN
    if groups & rules.leads:
        return Role.LEAD
    if rules.responders and not groups & rules.responders:
        raise SignOnRefused(
            f"None of your groups may open the console. The claim “{rules.role_claim}” has "
            f"{len(groups)} of them; ask who administers Recall."
        )
    return Role.RESPONDER


def _actor(claims: Mapping[str, Any], issuer: str, subject: str, rules: SignOnRules) -> Actor:
    key = claims.get(rules.actor_claim) if rules.actor_claim else None
    if key is None or key == "":
        return actor_of(issuer, subject)
    match = _ACTOR.fullmatch(key) if isinstance(key, str) else None
    if match is None or match[1] in OWN_TEAMS:
        raise SignOnRefused(
            f"The claim “{rules.actor_claim}” is not of the form TEAM_ID/USER_ID, such as T1/U2."
        )
    return Actor(team_id=match[1], user_id=match[2])


def _name(claims: Mapping[str, Any], actor: Actor) -> str:
    texts = (claims.get(claim) for claim in _NAMES)
    names = (" ".join(text.split()) for text in texts if isinstance(text, str))
    return next((name[:_LONGEST_NAME] for name in names if name), actor.user_id)
