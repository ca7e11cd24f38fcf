"""Consents to marketing: taken back, and given anew."""
