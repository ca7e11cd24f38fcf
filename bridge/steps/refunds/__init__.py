"""Store, read, settle and erase the bank details for refunds of cash on delivery. Pays nothing."""
