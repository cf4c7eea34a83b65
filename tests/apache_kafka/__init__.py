"""A real Apache Kafka for the tests that carry the marker ``apache_kafka``."""
