"""Instruct processors to erase and record their answers. Erases nothing in the bridge's own store."""
