"""The variables by what they are for; `config.settings` adds them up. Nothing here reads the environment."""
