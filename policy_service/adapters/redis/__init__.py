"""Redis: what processes share between their own memory and the database. All of it may be gone at any time."""
