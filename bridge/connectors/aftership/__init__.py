"""AfterShip: tracking copies of parcels and their deletion. No other connector imports this package."""
