"""Alembic's entrance: runs the revisions on the connection that :mod:`policy_service.adapters.sql.schema` opened."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
