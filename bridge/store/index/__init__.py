"""Tables of the index: orders, parcels, data subjects, by pseudonym. No decisions."""
