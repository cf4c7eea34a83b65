"""A Kafka-protocol broker in one asyncio process: for one machine, demo, development and tests.

It speaks enough of the protocol (https://kafka.apache.org/protocol) for aiokafka, librdkafka (confluent-kafka, kcat)
and the Java clients: topics and their configuration, idempotent and transactional producers, long-polling consumers,
consumer groups with eviction and static members, committed offsets, retention and compaction.

What it does not do, on purpose: replication, leader change, ``min.insync.replicas``, ACLs, SASL, TLS, quotas, tiered
storage, log-append timestamps, message formats before Kafka 0.11, fetch sessions (KIP-227: every fetch is a full one),
and the new group protocols (KIP-848, share groups). Committed offsets never expire. Writes reach the operating system
before they are acknowledged (a killed broker loses nothing) but are not fsynced (a power cut may lose the tail). Use
Apache Kafka for anything that matters.

Read in this order: ``shape`` and ``wire`` (bytes), ``batch`` → ``segment`` → ``log`` → ``partition`` (records),
``ledger`` (what else is remembered), ``group`` and ``transaction`` (the state machines), ``calls`` (one module per
family of requests), ``broker`` (assembly).
"""
