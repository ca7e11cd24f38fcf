"""Bank details of refunds of cash paid at the door: taken in, read under a lock, settled, erased by themselves."""
