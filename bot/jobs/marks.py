"""Names of marks that more than one room reads."""

HEARD = "slack:heard"
"""When the chat platform last reached us."""
LAST_GAP = "slack:gap"
"""The gap that was repaired last: since when, until when, how many messages were in it."""
