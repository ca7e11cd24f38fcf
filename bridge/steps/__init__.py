"""The verbs of the sentence, one a file: claim, read, decide, act, record, nudge."""
