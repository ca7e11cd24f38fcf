"""How a data subject is erased from the tables, and what is remembered of it. No decisions."""
