"""For whom a parcel is: what is known of it, and whether a carrier's record agrees."""
