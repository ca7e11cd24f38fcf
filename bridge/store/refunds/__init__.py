"""Tables of refund accounts, sealed. No decisions."""
