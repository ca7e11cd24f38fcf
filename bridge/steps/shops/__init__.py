"""Steps of a shop that leaves: its erasure, the return of its documents, and what an operator decides. Erases no person."""
