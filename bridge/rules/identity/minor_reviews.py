"""Names the review that marks a request as one of a person under 18, and what an officer decides of it."""

MINOR_REVIEW_KIND = "minor"
MINOR_REVIEW_SUBJECT = "a birth date on record says that the person is under 18"
GUARDIAN_ASKED, OF_AGE = "guardian", "of_age"
