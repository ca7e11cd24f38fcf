"""How processors are instructed to erase, and how their answers are recorded. Erases nothing here."""
