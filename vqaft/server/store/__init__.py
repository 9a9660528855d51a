"""Persistent state of the server: SQLite documents and the files they name."""
