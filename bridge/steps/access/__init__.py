"""What answers an access request: gathering, then the package. Erases nothing."""
