"""Correction, restriction and objection: what changes, who may work meanwhile, and the record of it."""
