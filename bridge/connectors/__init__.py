"""Other people's systems: strangers' words stop here."""
