"""Tables of the evidence: the chain of facts and its signed heads. Rows are only added."""
