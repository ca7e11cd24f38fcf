"""Kills and disturbs a complete installation under load, then checks that nothing was lost or done twice: `make torture`.

Here stand disturbances, load and invariants. Nothing here knows how a step works inside.
"""
