"""Pure: what is said, from values to Block Kit, webhook bodies and browser frames."""
