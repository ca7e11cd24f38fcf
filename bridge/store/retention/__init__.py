"""Tables of sealed documents, legal holds and accepted policies. No decisions."""
