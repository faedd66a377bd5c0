"""The history of the tables, one for SQLite and PostgreSQL. `HEAD` is its newest revision."""

HEAD = "0010"
