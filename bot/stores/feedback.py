"""The feedback topic, and in Redis each person's last word on each inference: the port `Opinions`."""

from typing import Any, cast

from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from redis.exceptions import WatchError

from bot.core.feedback import Feedback, encode
from bot.stores.away import kafka_unavailable, unavailable
from bot.stores.keys import Keys


class KafkaFeedback:
    """Writes to `topic` through a producer that waits for all replicas (acks=all). `lasting` is in milliseconds.

    A Redis that was wiped remembers no last word: the same may then be written again, which changes nothing for whoever
    lets the latest count.
    """

    def __init__(self, producer: AIOKafkaProducer, topic: str, redis: Redis, keys: Keys, *, lasting: int) -> None:
        self._producer = producer
        self._topic = topic
        self._redis = redis
        self._keys = keys
        self._lasting = lasting

    async def keep(self, said: Feedback) -> bool:
        """Write it to Kafka, then remember it; what was said later stands, whichever is done first."""
        word = self._keys.opinion(said.about)
        with unavailable():
            async with self._redis.pipeline(transaction=True) as pipe:
                while True:
                    await pipe.watch(word)
                    rating, at = _read(await cast("Any", pipe.get(word)))
                    if rating == said.rating or at >= said.at:
                        return False
                    await self._write(said)
                    cast("Any", pipe).multi()
                    pipe.set(word, f"{said.rating}:{said.at}", px=self._lasting)
                    try:
                        await pipe.execute()
                    except WatchError:
                        continue  # somebody was quicker, for the same person: look again
                    return True

    async def _write(self, said: Feedback) -> None:
        key = said.event.inference.encode("utf-8", "surrogatepass")
        with kafka_unavailable():
            await self._producer.send_and_wait(
                self._topic, encode(said), key=key, headers=[("content-type", b"application/cloudevents+json")]
            )


def _read(word: bytes | None) -> tuple[str, int]:
    rating, _, at = (word or b":-1").decode().partition(":")
    return rating, int(at)
