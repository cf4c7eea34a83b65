"""The listening edge for people in Slack: the Bolt app."""
