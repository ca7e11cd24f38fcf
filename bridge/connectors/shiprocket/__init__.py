"""Shiprocket: tracking and order records of parcels on its accounts. No other connector imports this package."""
