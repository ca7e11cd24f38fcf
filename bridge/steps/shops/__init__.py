"""What happens when a shop uninstalls the app or comes back."""
