"""How a privacy request is opened, worked on and closed."""
