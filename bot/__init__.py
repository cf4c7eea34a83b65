"""What Tidings knows and how it speaks: events, subscriptions, deliveries, and every conversation with a person."""
