"""Tables of an access request: findings and packages, sealed. No decisions."""
