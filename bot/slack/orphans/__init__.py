"""Lost places and owners: heard of from Slack, found in the outbox, told once, and decided by a click."""
