"""Run by alembic: the migrations on the connection that `bot.store.schema` hands over."""

from alembic import context

from bot.store.tables import metadata as bot_tables
from knowledge.store.tables import metadata as knowledge_tables

TARGET = [bot_tables, knowledge_tables]

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=TARGET,
    compare_type=True,
    render_as_batch=True,
    # SQLite's DDL is transactional when the transaction was begun by hand, as ours are
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
