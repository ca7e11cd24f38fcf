"""Steps of an incident: described, its persons found, notices written, reports recorded, people written to."""
