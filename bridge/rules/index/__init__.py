"""Decisions about what a webhook shows: identifiers, carriers, parcels, sales. No input or output."""
