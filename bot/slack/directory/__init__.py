"""What Slack knows about people, user groups and channels, remembered for minutes: three small ports' edges."""
