"""The Slack sandbox, driven by the real slack_sdk and Bolt."""
