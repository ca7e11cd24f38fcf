"""The files of commands: one reader and one writer for all, so that each takes `-` and obeys the same rules."""
