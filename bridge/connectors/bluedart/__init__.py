"""Blue Dart: tracking, consignee and cancellation of parcels. No other connector imports this package."""
