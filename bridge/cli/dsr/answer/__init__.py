"""What becomes of an answer: it reached the data subject, or was given up. Commands of `dsr`."""
