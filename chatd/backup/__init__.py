"""Backups, and the way back from one: a file that is the same for both databases, and the ledger kept beside it."""
