"""The sandbox's web page in a real Chromium, with a real Bolt app behind it."""
