"""What an operator must know: conditions that need somebody, what to type, which page, in which words. No input or output."""
