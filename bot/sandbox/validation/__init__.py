"""What Slack accepts in messages and views: a small schema language, and Block Kit written in it."""
