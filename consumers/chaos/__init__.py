"""The real service as several processes under load, violence done to it by a seeded script, and an audit of all of it."""
