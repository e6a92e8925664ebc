"""The database behind the repository ports: SQLAlchemy Core on SQLite or PostgreSQL."""
