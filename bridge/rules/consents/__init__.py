"""Consents to marketing: which channels a withdrawal is about, by which keys the person is known, when a new consent ends it."""
