"""Drains the lanes: outcome, settle, step."""
