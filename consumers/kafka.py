"""The Kafka edge: aiokafka's traps handled in one place."""
