"""The remembering edge: Redis and Kafka behind the ports."""
