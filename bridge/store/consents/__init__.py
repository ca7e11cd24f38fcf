"""Tables of consents to marketing that were taken back."""
