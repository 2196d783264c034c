"""The unit of work: every repository on one connection, inside one transaction."""

from sqlalchemy import Connection

from bot.clock import Clock
from bot.store.actions import SqlActions
from bot.store.alerts import SqlAlerts
from bot.store.asked_keys import SqlAskedKeys
from bot.store.audit import SqlAuditLog
from bot.store.bindings import SqlBindings
from bot.store.changes import SqlChanges
from bot.store.channels import SqlPlacements, SqlPreferences
from bot.store.corrections import SqlCorrections
from bot.store.drafts import SqlDrafts
from bot.store.held import SqlHeld
from bot.store.inbox import SqlInbox
from bot.store.incidents import SqlIncidents
from bot.store.jobs import SqlJobQueue
from bot.store.marks import SqlMarks
from bot.store.outbox import SqlOutbox
from bot.store.passes import SqlPasses
from bot.store.secrets import SqlSecrets
from bot.store.suggestions import SqlSuggestions
from bot.store.texts import SqlTexts
from bot.store.tokens import SqlTokens
from knowledge.store.knowledge import KnowledgeRepository


class SqlUnitOfWork:
    """The UnitOfWork port. Whoever opened the connection commits or rolls back."""

    def __init__(self, connection: Connection, clock: Clock, *, writing: bool) -> None:
        self.inbox = SqlInbox(connection, clock)
        self.jobs = SqlJobQueue(connection, clock)
        self.alerts = SqlAlerts(connection, writing=writing)
        self.held = SqlHeld(connection)
        self.changes = SqlChanges(connection)
        self.incidents = SqlIncidents(connection, writing=writing)
        self.suggestions = SqlSuggestions(connection)
        self.corrections = SqlCorrections(connection)
        self.bindings = SqlBindings(connection)
        self.preferences = SqlPreferences(connection)
        self.placements = SqlPlacements(connection)
        self.drafts = SqlDrafts(connection)
        self.actions = SqlActions(connection)
        self.outbox = SqlOutbox(connection)
        self.marks = SqlMarks(connection, writing=writing)
        self.audit = SqlAuditLog(connection)
        self.passes = SqlPasses(connection)
        self.tokens = SqlTokens(connection)
        self.asked_keys = SqlAskedKeys(connection)
        self.secrets = SqlSecrets(connection, writing=writing)
        self.texts = SqlTexts(connection)
        self.knowledge = KnowledgeRepository(connection)
