"""A Kafka-protocol broker and a Valkey for one machine: demo, development and tests."""
