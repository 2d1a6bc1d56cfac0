"""A loaded model: separates whole signals, and makes streams. The main object of the Python API."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from rtsep.config import DEFAULTS, StreamSpec
from rtsep.engine.blocks import Array, checked, like
from rtsep.engine.compiled import CompiledSteps
from rtsep.engine.converted import ConvertedModel
from rtsep.engine.cores import Cores
from rtsep.engine.hops import HopStream
from rtsep.engine.instant import InstantStream
from rtsep.engine.offline import separate_segments
from rtsep.engine.precision import FP32, Precision, products_in
from rtsep.engine.stream import Stream
from rtsep.errors import ConfigError
from rtsep.executors.cuda_graph import GraphPool
from rtsep.model.bag import Bag
from rtsep.ownership import is_ours

Item = TypeVar("Item")


class Separator:
    """One model on one device, for any number of independent streams."""

    def __init__(
        self,
        name: str,
        bag: Bag,
        device: torch.device,
        precision: Precision = FP32,
        executor: str = "auto",
        compiled: Path | None = None,
        kept: ConvertedModel | None = None,
    ) -> None:
        """`compiled` is the folder where compiled steps are kept; without one there are none.
        `kept` is the bag as it lies in a file, if it does."""
        self.name = name
        self.device = device
        self.precision = precision
        self.executor = executor
        self._pool = GraphPool()  # streams of one model take their steps one after the other
        self._bag = bag.to(device)
        self._bag.set_precision(precision.dtype, int8=precision.int8)
        self._cores = Cores() if device.type == "cpu" else None
        self._steps = (
            CompiledSteps(compiled, self._bag, kept) if compiled and device.type == "cpu" else None
        )

    @property
    def stems(self) -> tuple[str, ...]:
        """Names of the stems, in the order of every result. The last one is `rest`, the mixture
        without the others, where the networks are not known to find all of it."""
        return self._bag.stems

    @property
    def complete(self) -> bool:
        """Whether the networks' own stems make up the whole mixture, so that none is the rest."""
        return self._bag.complete

    @property
    def sample_rate(self) -> int:
        """In Hz; all audio given and returned has this rate."""
        return self._bag.config.sample_rate

    @property
    def frame_seconds(self) -> float:
        """An STFT frame, of which all times are multiples."""
        return self._bag.config.frame / self.sample_rate

    @property
    def longest_window(self) -> float:
        """In seconds: the whole frames of the excerpts that the network was trained on."""
        return self._bag.config.segment_samples // self._bag.config.frame * self.frame_seconds

    @property
    def channels(self) -> int:
        return self._bag.config.audio_channels

    def separate(
        self, mix: Array, *, stems: Sequence[str] | None = None, overlap: float = 0.25
    ) -> Array:
        """mix (channels, samples) -> stems (stems, channels, samples), offline.

        With `stems`, those and in that order; networks of a bag that none of them needs do not run.
        NumPy or torch, the same kind comes back. NaN and infinity become silence, with a warning.
        Raises ConfigError for other shapes or stems.
        """
        audio, broken = checked(mix, self.channels)
        if broken:
            warnings.warn(
                f"{broken} NaN or infinite samples replaced by silence",
                RuntimeWarning,
                stacklevel=2,
            )
        pieces = list(self.separate_in_pieces(audio, stems, overlap))
        empty = torch.zeros(len(stems or self.stems), self.channels, 0)
        return like(torch.cat(pieces or [empty], -1), mix)

    def separate_in_pieces(
        self, mix: Tensor, stems: Sequence[str] | None = None, overlap: float = 0.25
    ) -> Iterator[Tensor]:
        """As `separate`, but yields stretches of the result one after the other."""
        pieces = self.separate_blocks([mix], stems, overlap)
        return (piece for piece, _ in pieces)

    def separate_blocks(
        self,
        blocks: Iterable[Tensor],
        stems: Sequence[str] | None = None,
        overlap: float = 0.25,
        *,
        batch: int = 1,
        alike: bool = False,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """As `separate`, of blocks (channels, n) in the memory of one segment: stretches (stems,
        channels, n) that follow each other, each with the mix (channels, n) under it.

        A forward takes `batch` segments, which rounds otherwise. Two runs are `alike` to the bit if
        both use the same number of threads throughout, whatever other programs need. Raises
        ConfigError before the first block is asked for.
        """
        network = self._only(stems)
        pieces = separate_segments(
            network, blocks, overlap=overlap, device=self.device, batch=batch
        )
        return self._in_precision(pieces, None if alike else self._cores)

    def _in_precision(self, pieces: Iterator[Item], cores: Cores | None) -> Iterator[Item]:
        while True:
            with (
                products_in(self.precision, self.device),
                cores.shared() if cores else nullcontext(),
            ):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def spec(
        self,
        *,
        window: float,
        hop: float,
        lookahead: float,
        mode: str | None = None,
        refresh: float | None = None,
    ) -> StreamSpec:
        """What `stream` makes of these times. Raises ConfigError when they do not fit."""
        return StreamSpec.from_seconds(
            self._bag.config,
            window=window,
            hop=hop,
            lookahead=lookahead,
            mode=mode,
            refresh=refresh,
        )

    def stream(
        self,
        *,
        window: float = DEFAULTS.window,
        hop: float = DEFAULTS.hop,
        lookahead: float = DEFAULTS.lookahead,
        mode: str | None = None,
        refresh: float | None = None,
        stems: Sequence[str] | None = None,
        batch: int | None = None,
        path: str = "full",
        age: float | None = None,
        delay: float | None = None,
    ) -> Stream:
        """A new stream. Times are in seconds and rounded to STFT frames; `spec` reports them back.

        Mode "incremental", the default where network and window allow it, computes only the newest
        `refresh` seconds of the window in every step, at a fraction of the cost and hardly any
        loss; "exact" computes all of it.

        All stems together sum to the delayed input; a stream of some `stems` leaves the rest out.
        With `batch`, that many signals go through each forward together. Raises ConfigError when
        the settings do not fit each other or the model.

        On the path "instant", stems come after a `delay` of 0.023 or 0.012 s, made from what a
        stream with these settings said of the music so far; it lies up to `age` behind, as it would
        live, whatever the machine takes for it.
        """
        bag = self._only(stems)
        spec = self.spec(window=window, hop=hop, lookahead=lookahead, mode=mode, refresh=refresh)
        if path == "instant":
            return self._instant(spec, bag.stems, batch, {"age": age, "delay": delay})
        if path != "full":
            raise ConfigError(f"path must be one of full, instant, got {path!r}")
        if age is not None or delay is not None:
            raise ConfigError("age and delay are of the instant path; give path='instant' too")
        return Stream(bag, spec, batch=batch, **self._ways(bag))

    def _instant(
        self,
        spec: StreamSpec,
        stems: Sequence[str],
        batch: int | None,
        times: dict[str, float | None],
    ) -> InstantStream:
        """Its model makes all stems, as all of them are asked what a frame is made of."""
        if batch is not None:
            raise ConfigError(f"the instant path takes one signal, got batch={batch}")
        given = {name: value for name, value in times.items() if value is not None}
        ways = self._ways(self._bag)
        ways["cores"] = None  # another number of threads rounds otherwise: no two runs were alike
        return InstantStream(self._bag, spec, stems=stems, **given, **ways)

    def hops(self, spec: StreamSpec, *, watched: bool = False) -> HopStream:
        """As `stream`, for a caller that cuts the signal into hops and keeps positions itself.

        With `watched`, its `laps` know the stages inside of the network too.
        """
        return HopStream(self._bag, spec, batch=1, watched=watched, **self._ways(self._bag))

    def compile(self, spec: StreamSpec) -> Path:
        """Compile the step of such streams and keep it as a file.

        Takes minutes, and a C++ compiler. Later streams with this spec, on this machine and for
        this model and precision, take it by themselves. Raises CompileError when that fails.
        """
        steps = self._compiled_steps(self._bag)
        if steps is None:
            raise ConfigError(f"steps are compiled for the CPU, and the device is {self.device}")
        return steps.make(spec, 1)

    def is_compiled(self, spec: StreamSpec) -> bool:
        """Whether such a stream runs a compiled step."""
        steps = self._compiled_steps(self._bag)
        return steps is not None and self.executor != "eager" and is_ours(steps.path(spec, 1))

    def _ways(self, bag: Bag) -> dict[str, Any]:
        """How streams of such a bag run."""
        return {
            "device": self.device,
            "precision": self.precision,
            "executor": self.executor,
            "pool": self._pool,
            "compiled": self._compiled_steps(bag),
            "cores": self._cores,
        }

    def _compiled_steps(self, bag: Bag) -> CompiledSteps | None:
        """One for the whole bag, as it reads all weights to know its files."""
        if self._steps is None or bag is self._bag:
            return self._steps
        return CompiledSteps(self._steps.folder, bag)

    def _only(self, stems: Sequence[str] | None) -> Bag:
        if isinstance(stems, str):
            raise ConfigError(f"stems must be a list of names, got the text {stems!r}")
        return self._bag if stems is None else self._bag.only(stems)
