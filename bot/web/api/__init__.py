"""REST over the same actions that people in Slack use: `/api/v1`, for machines with a key."""
