"""The roles, started together and stopped in order."""
