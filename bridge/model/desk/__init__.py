"""Nouns of the officer's desk: what a person states, and the letters that the person gets."""
