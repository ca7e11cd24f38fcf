"""The ledger outside the backup, and the comparison with it. No decisions."""
