"""Every lock that Recall takes in a database, in one place, so that no two can collide.

Order, for whoever needs several in one transaction: rows of incidents (or CURATING) first, then
SPEAKING, and AUDIT_CHAIN last, because it is held until the commit and every change of state
needs it.
"""

from enum import IntEnum

from knowledge.store.statements import CURATING_LOCK, INDEX_LOG_LOCK


class Lock(IntEnum):
    """Ids of PostgreSQL advisory locks. On SQLite the one writer's lock stands for them all."""

    MIGRATE = 0x5243_4C01
    OUTBOX_CLAIM = 0x5243_4C02
    INDEX_LOG = INDEX_LOG_LOCK
    AUDIT_CHAIN = 0x5243_4C04
    SPEAKING = 0x5243_4C0A
    ACTION_CLAIM = 0x5243_4C0B
    CURATING = CURATING_LOCK
