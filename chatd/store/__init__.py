"""The message store: one commit engine and many readers, over SQLite or PostgreSQL."""
