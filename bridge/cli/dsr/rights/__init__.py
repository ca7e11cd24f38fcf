"""Commands about restrictions and objections, and what `dsr open` takes for these and for corrections."""
