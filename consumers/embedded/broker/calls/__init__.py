"""What the broker answers: one module per family of requests, the fields of each beside the code that answers it.

The fields are those of https://kafka.apache.org/protocol#protocol_api_keys, up to the versions of Kafka 2.4 (the last
before every client speaks flexible encodings); Kafka 4 clients and all of librdkafka still speak them.
"""
