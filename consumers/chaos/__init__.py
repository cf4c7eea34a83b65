"""The real service as several processes under load: violence done by a seeded script, and an audit of everything."""
