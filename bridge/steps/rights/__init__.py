"""What a person wants corrected, restricted, or objects to: one deed a file, and who may still work with the data."""
