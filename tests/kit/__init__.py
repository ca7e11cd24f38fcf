"""Small helpers that tests of several areas share. Each module is named after what its helpers do."""
