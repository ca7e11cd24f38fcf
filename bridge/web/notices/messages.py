"""The texts of the answer page for errors: what happened, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemText:
    """The text for one status."""

    title: str
    what: str
    do: str


_SEND_AGAIN = "Nothing was recorded. Go back, and send the form again."
PROBLEM_TEXTS = {
    400: ProblemText("This is not the form of our page", "What arrived could not be read.", _SEND_AGAIN),
    404: ProblemText(
        "This link opens nothing",
        "This link is not valid, or it is not valid any more: it was answered, its time is over, or it was not "
        "copied whole.",
        "Open it once more from the letter. If that does not help, write to us; the number of the notice in your "
        "letter is enough.",
    ),
    408: ProblemText("Your answer did not arrive in time", "The connection was too slow, or it broke.", _SEND_AGAIN),
    411: ProblemText("This is not the form of our page", "What arrived does not say how long it is.", _SEND_AGAIN),
    413: ProblemText(
        "Your answer is too long",
        "Nothing was recorded: there are too many long notes.",
        "Go back, shorten the notes, and send the form again; or write to us.",
    ),
    415: ProblemText("This is not the form of our page", "What arrived is of another kind.", _SEND_AGAIN),
    429: ProblemText(
        "Too many tries",
        "Too many requests came from your network within a minute.",
        "Wait a minute, then open the link of the letter again.",
    ),
    500: ProblemText(
        "Something went wrong here", "The fault is ours, and nothing was recorded.", "Try again later, or write to us."
    ),
    503: ProblemText(
        "We cannot take your answer at this moment",
        "Nothing was recorded.",
        "Wait a few seconds, go back, and send the form again.",
    ),
}
