"""The person that a parcel is for: what is known, and whether a carrier's record agrees."""
