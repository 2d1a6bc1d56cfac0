"""What is heard while the engine stands still, against the truth: every policy, on real songs.

The rings, the engine's loop, the callback and the instant path are those of a session; only the
network is replaced by what it said of the song beforehand, and time is counted in samples. A step
takes 65 ms, as on two cores, and 0.5 s more where a stall falls in it. `bench.instant conceal`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from rtsep.config import POLICIES, NetworkConfig, StreamSpec
from rtsep.engine.laps import new_laps
from rtsep.live_session.callback import MIX
from rtsep.live_session.engine_loop import EngineLoop
from rtsep.measure.songs import MIXTURE, Audio, Song, score
from rtsep.metrics import MEAN
from rtsep.mixer.desk import Desk
from tests.live_rig import VirtualSession

RATE, BLOCK = 44_100, 256
LATENCY, STEP = round(0.279 * RATE), round(0.065 * RATE)
EVERY = 5.0  # seconds from one stall to the next
PHASES = (1.25, 2.5, 3.75, 5.0)  # seconds, of the first stall
STEMS = ("drums", "bass", "other", "vocals")

Stalled = Callable[[int], bool]  # whether the engine stands still while that sample comes in


class Replayed(VirtualSession):
    """A session whose engine says what is known beforehand, (stems, 2, samples)."""

    def __init__(self, late: Audio, stalled: Stalled, *, instant: bool) -> None:
        self._late, self._stalled = late, stalled
        spec = StreamSpec.from_seconds(
            NetworkConfig(), window=2.0, hop=0.093, lookahead=0.046, mode="exact"
        )
        budget = (LATENCY - spec.latency_samples - BLOCK) / RATE
        outputs = (*range(len(STEMS)), MIX)
        super().__init__(spec, budget=budget, block=BLOCK, outputs=outputs, instant=instant)

    def new_engine(self, typical_seconds: float = STEP / RATE) -> None:
        hops: Any = ReplayedHops(self._late, self.spec, self._pass_time)
        retuning = self._retuning()
        self.engine = EngineLoop(
            hops, self.shared, typical_seconds, retuning, self._retuned, self._clock
        )

    def alone(self, policy: str, audio: Audio) -> tuple[Audio, Audio]:
        """Each stem as it is heard alone, (stems, 2, samples) without the delay, and where a
        substitute is heard."""
        desk = Desk(STEMS, self.shared.control)
        desk.set_policy(policy)
        desk.set_limiter(False)
        self._concealed = np.zeros(audio.shape[1], np.bool_)
        played = self.run(audio, stalled=self._stalled)[:, self.delay :]
        *stems, mix = played.reshape(len(STEMS) + 1, 2, -1)
        dry = mix - np.sum(stems, 0)  # which no mute keeps out
        return np.stack(stems) + dry, self._concealed[self.delay :]

    def _play_a_block(self) -> None:
        at, counted = self._at, int(self.shared.counters.concealed[0])
        super()._play_a_block()
        self._concealed[at : self._at] = self.shared.counters.concealed[0] > counted
        if self.instant:
            self.instant.work()

    def _pass_time(self) -> None:
        """That of a step: while it stands still, sound comes and nothing is done."""
        left = STEP
        while left > 0 and self._at < self._audio.shape[1]:
            left -= 0 if self._stalled(self._at) else self.block
            self._play_a_block()


class ReplayedHops:
    """What a loop needs of a `HopStream`."""

    def __init__(self, late: Audio, spec: StreamSpec, pass_time: Callable[[], None]) -> None:
        self.spec, self.stems, self.heirs = spec, STEMS, slice(None)
        self.laps = new_laps(torch.device("cpu"))
        self._late = np.pad(late, ((0, 0), (0, 0), (spec.lookahead, spec.hop)))
        self._pass_time = pass_time
        self._end = 0

    def step(self, block: torch.Tensor) -> torch.Tensor:
        self.skip(block)
        self._pass_time()
        return torch.from_numpy(self._late[..., self._end - self.spec.hop : self._end])[None]

    def skip(self, block: torch.Tensor) -> None:
        self._end += block.shape[-1]


def conceal(song: Song, late: Audio, stall: float) -> dict[str, float]:
    """SDR where something else is heard in the place of stems, by policy, and of the stems that
    were missing there ("stems"); mean over the stems, each of which is heard alone. `seconds` are
    those that are scored."""
    heard: dict[str, list[Audio]] = {}
    truth: dict[str, list[Audio]] = {name: [] for name in song}
    for phase in PHASES:
        for policy in POLICIES:
            session = Replayed(late, _stalls(stall, phase), instant=policy == "instant")
            played, where = session.alone(policy, song[MIXTURE])
            heard.setdefault(policy, []).append(played[..., where])
        heard.setdefault("stems", []).append(late[..., : played.shape[-1]][..., where])
        for name, audio in song.items():
            truth[name].append(audio[..., : played.shape[-1]][..., where])
    joined = {name: np.concatenate(pieces, -1) for name, pieces in truth.items()}
    found = {
        name: round(score(STEMS, joined, np.concatenate(pieces, -1))[MEAN], 2)
        for name, pieces in heard.items()
    }
    return found | {"seconds": round(joined[MIXTURE].shape[-1] / RATE, 1)}


def _stalls(seconds: float, first: float) -> Stalled:
    def stalled(position: int) -> bool:
        since = position / RATE - first
        return since >= 0 and since % EVERY < seconds

    return stalled
