"""Records in, deliveries into the outbox, exactly once."""
