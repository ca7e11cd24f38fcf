"""Sealing, pseudonyms and signatures: the only importer of `cryptography`. Knows no table."""
