"""Logs and metrics: the names of both, and how they are set up."""
