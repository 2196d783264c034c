"""The database: tables, migrations, repositories, the unit of work. SQLAlchemy lives here."""
