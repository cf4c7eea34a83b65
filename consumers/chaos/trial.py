"""What to run: the options of `tidings chaos` as a value."""

from dataclasses import dataclass
from pathlib import Path


class ChaosError(Exception):
    """The run can't go on, or was asked for what there is not; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run.

    Attributes:
        seconds: how long events are published and violence is done.
        seed: of the load and the violence.
        rate: events a second.
        members: processes of the service that stay for the whole run.
        split: ingest, dispatch and people in processes of their own, in turn.
        acts: names of the acts to draw from; empty draws from all that are drawn by default.
        preset: a fixed script instead of drawn acts.
        rounds: of a preset; 0 takes the preset's own number.
        kafka: address of a given broker; None runs the embedded one, which can be killed.
        lease: seconds that a lane may be held.
        session: seconds after which Kafka gives a silent ingest's partitions to others.
        settle: seconds to wait, after the load, until everything has arrived.
        folder: where logs and ledgers go; None takes a temporary one, which stays only after a failure.
    """

    seconds: float = 300.0
    seed: int = 1
    rate: float = 40.0
    members: int = 3
    split: bool = False
    acts: tuple[str, ...] = ()
    preset: str | None = None
    rounds: int = 0
    kafka: str | None = None
    lease: float = 10.0
    session: float = 6.0
    settle: float = 400.0
    folder: Path | None = None

    @property
    def command(self) -> str:
        """The command line that repeats it."""
        words = [f"tidings chaos --minutes {self.seconds / 60:g} --seed {self.seed} --rate {self.rate:g}"]
        words.append(f"--members {self.members}")
        words += ["--split"] if self.split else []
        words += [f"--only {','.join(self.acts)}"] if self.acts else []
        words += [f"--preset {self.preset}"] if self.preset else []
        words += [f"--rounds {self.rounds}"] if self.rounds else []
        words += [f"--lease {self.lease:g}"] if self.lease != Trial.__dataclass_fields__["lease"].default else []
        words += [f"--kafka {self.kafka}"] if self.kafka else []
        return " ".join(words)
