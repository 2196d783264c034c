"""What each feature asks of Slack: Web API methods, bot scopes, events. The manifest's source."""

from collections.abc import Mapping
from typing import NamedTuple


class Needs(NamedTuple):
    methods: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


FEATURES: Mapping[str, Needs] = {
    "forms": Needs(methods=("views.open", "views.update")),
    "message shortcuts": Needs(methods=("views.open",), scopes=("commands",)),
}
"""By feature; rows sorted by name. Shortcuts on messages also stand in the manifest's
`features.shortcuts`: `recall_save_resolution`, of type message."""
