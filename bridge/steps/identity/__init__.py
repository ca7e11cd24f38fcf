"""Who asks: submissions of the public page, codes that prove an address, doubts, and how they end."""
