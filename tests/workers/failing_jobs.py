"""Jobs that fail in a real worker. Each handles an e-mail address, which may not appear anywhere afterwards."""

import os
import signal


class LeakingError(Exception):
    """An exception that shows its argument in every form."""


def explode(row_id):
    asha = "asha@example.com"
    raise ValueError(asha)


def explode_with_everything(row_id):
    asha = {"email": "asha@example.com"}
    fault = LeakingError(asha)
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
