"""`dsr identify` and `dsr identified`: a doubt about who asks, and its end."""
