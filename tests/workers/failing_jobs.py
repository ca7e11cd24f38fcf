"""Jobs that end badly, for a real worker to run: each knows a person, and nobody may hear of her."""

import os
import signal


class Telling(Exception):
    """Shows what it holds whichever way it is printed."""


def explode(row_id):
    asha = "asha@example.com"
    raise ValueError(asha)


def explode_with_everything(row_id):
    asha = {"email": "asha@example.com"}
    fault = Telling(asha)
    fault.add_note("asha@example.com")
    try:
        int("asha@example.com")
    except ValueError as cause:
        raise fault from cause


def die(row_id):
    asha = "asha@example.com"
    os.kill(os.getpid(), signal.SIGKILL)
    return asha


def leave(row_id):
    raise SystemExit("asha@example.com")


def answer(row_id):
    return "asha@example.com"
