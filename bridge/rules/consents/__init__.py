"""Consents to marketing: which channels a withdrawal is about, whom it concerns, when a new consent ends it."""
