"""A local Slack workspace for demo and tests; knows nothing of the rest of Tidings."""
