"""The roles, started together and stopped in order.

Stopping, on SIGTERM or SIGINT:

1. `/readyz` says no, so that nobody sends us more.
2. People: Slack's listeners take nothing new and finish what they took.
3. Ingest takes no further batch; the one in hand enters the outbox.
4. Dispatch leases no further lane and finishes what it began, within TIDINGS_DRAIN_SECONDS.
5. Ingest commits to Kafka what is settled by now.
6. Browsers are told to reconnect (1001, going away), and the web server closes.
7. Kafka: consumers leave, the producer flushes.
8. Redis closes.

A loop that dies takes the process with it, by the same steps: half a service that looks healthy is worse than none.
"""
