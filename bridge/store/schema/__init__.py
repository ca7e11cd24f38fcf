"""The tables and column types, each column classified. No query."""
