"""Delhivery: tracking, packing slips, documents and cancellation. No other connector imports this package."""
