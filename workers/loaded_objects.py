"""Spares a process the search for garbage among what it has loaded."""

import gc


def freeze_loaded_objects() -> None:
    """Leave what was made until here out of every later search for garbage.

    Such a search takes a tenth of a second, in the middle of a request or of a transaction that holds SQLite's writer. A
    process that forks then shares the memory with its children, too.
    """
    gc.collect()
    gc.freeze()
