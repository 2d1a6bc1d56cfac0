"""A live session as the outside sees it: start, faders, status, stop. Owns all processes.

The engine and the audio process do the work; this one starts them, watches over them, starts them
again when they end, feeds a file, and records.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import threading
import time
from multiprocessing.connection import wait
from typing import Any

from rtsep.instant.settings import hop_of
from rtsep.live_session.audio_process import run_audio
from rtsep.live_session.beginning import Beginning, Stopped
from rtsep.live_session.engine_process import run_engine
from rtsep.live_session.events import Events
from rtsep.live_session.instant_keeper import InstantKeeper, wait_until_warm
from rtsep.live_session.instant_process import run_instant
from rtsep.live_session.listening import Listening
from rtsep.live_session.messages import (
    AudioRequest,
    DeviceReady,
    Found,
    ModelReady,
    Retuned,
    Traced,
    TrueStemsRequest,
)
from rtsep.live_session.new_desk import new_desk
from rtsep.live_session.recorder import Recorder
from rtsep.live_session.shared import Shared, allocate
from rtsep.live_session.spec import (
    LiveSpec,
    as_long,
    delay_of,
    instant_parts,
    latency_parts,
    layout_of,
    pace_warning,
)
from rtsep.live_session.status import counted
from rtsep.live_session.timing import Change, Timing, difference
from rtsep.live_session.true_stems_process import run_true_stems
from rtsep.live_session.watch import EngineWatch
from rtsep.mixer.desk import Desk
from rtsep.mixer.master_meter import MasterMeter
from rtsep.player.player import Player
from rtsep.processes.companion import Companion
from rtsep.processes.keeper import Keeper
from rtsep.processes.process import Child, end_tracker_at_exit
from rtsep.sound_servers.wiring import Wiring
from rtsep.status import LatencyPart, LiveStatus
from rtsep.weights.observer import Observer

_LOOK_SECONDS = 0.1


class LiveSession:
    """Three processes over shared memory. After `start`, any thread may use it.

    `finished` is set when the source has been played to its end, or with a `failure` of ours.
    """

    desk: Desk
    shared: Shared

    def __init__(self, spec: LiveSpec, observer: Observer) -> None:
        self.spec = spec
        self.events = Events(lambda: self.seconds)
        self.finished = threading.Event()
        self.failure: Exception | None = None
        self.traced: Traced | None = None
        self._life = "loading"  # then "running", then "stopped"
        self._engine_down = self._device_lost = False
        self.engine_restarts = self.device_losses = self.retunings = self.swaps = 0
        self._lost_at = 0.0  # as `time.monotonic` says
        self._observer = observer
        end_tracker_at_exit()
        self._context = multiprocessing.get_context("spawn")
        self._buffer = allocate(self._context, instant=spec.instant)
        self._wake, self._instant_wake = (self._context.Semaphore(0) for _ in range(2))
        self._instant: InstantKeeper | None = None
        self.audio_request, self._engine_request = spec.audio, spec.engine
        self._stopping = threading.Event()
        self.wiring = Wiring(self._context, self.events.add)
        self.listening = self.new_listening()
        self.companions: list[Companion] = []
        self._player: Player | None = None

    def start(self, stop: threading.Event | None = None) -> bool:
        """Load the model, open the devices, play. Raises what went wrong, having ended everything.

        Takes as long as loading takes, or waiting for devices, and the observer hears of it. False
        if `stop` was set before that was over; nothing is left then.
        """
        stop = stop or self._stopping
        try:
            self._listen(stop)
            beginning = Beginning(
                self._new_engine, self._new_audio, self._observer, stop, waits=self.spec.waits
            )
        except BaseException as error:
            self.listening.stop()
            if isinstance(error, Stopped):
                return False
            raise
        early = None
        try:
            early = self._new_instant() if self.spec.instant else None
            self.model, self.device = beginning.run()
            self._prepare()
            if early:
                early.send(self.layout)
                wait_until_warm(early)
        except BaseException as error:
            beginning.kill()
            if early:
                early.kill()
            self.listening.stop()
            if self._player:
                self._player.close()
            if isinstance(error, Stopped):
                return False
            raise
        self._begin(beginning.engine, beginning.audio, early)
        return True

    def _listen(self, stop: threading.Event) -> None:
        """Know which device brings the sound, where it is the computer's own."""
        audio = self.listening.begin(self.spec.audio, self._observer, stop, waits=self.spec.waits)
        self.spec = dataclasses.replace(self.spec, audio=audio)
        self.audio_request = audio

    def _begin(self, engine: Child, audio: Child, early: Child | None) -> None:
        """Play, with everything ready."""
        for child in (engine, audio):
            child.send(self.layout)
        self.audio_request = self.spec.audio.settled(self.device)
        self._engine_request = self.spec.engine.settled(self.model.spec, self.model.budget)
        self._engine = Keeper(
            engine, self._new_engine, answer=self._on_engine, on_end=self._on_engine_end
        )
        self._audio = Keeper(
            audio, self._new_audio, answer=self._on_audio, on_end=self._on_audio_end
        )
        if early:
            self._instant = InstantKeeper(early, self._next_instant, self.shared, self.events.add)
        self.wiring.begin(self.device.client, self.device.pipewire)
        self.listening.listen()
        self.master_meter = MasterMeter(
            self.shared.tape,
            self.layout.mix_rows,
            self.layout.rate,
            lambda: self.desk.loudness_resets,
        )
        self.master_meter.start()
        self._life = "running"
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    @property
    def state(self) -> str:
        """As in `LiveStatus`."""
        if self._life == "running" and self._device_lost:
            return "device lost"
        if self._life == "running" and self._engine_down:
            return "engine restarting"
        return self._life

    @property
    def latency(self) -> tuple[LatencyPart, ...]:
        """Of the path that is heard."""
        return self._instant_latency if self.desk.path == "instant" else self.full_latency

    @property
    def milliseconds(self) -> float:
        """All of the latency."""
        return 1000 * sum(part.samples for part in self.latency) / self.layout.rate

    @property
    def seconds(self) -> float:
        """The time of the session: how much has come in. It stands still without a device."""
        return self.shared.input.head / self.layout.rate if self._life != "loading" else 0.0

    def status(self) -> LiveStatus:
        """The session at this moment; cheap."""
        spec = self.model.spec
        return LiveStatus(
            state=self.state,
            model=self.model.name,
            compute=self.model.device,
            input=self.device.input,
            output=self.device.output,
            seconds=self.seconds,
            sample_rate=self.layout.rate,
            blocksize=self.device.blocksize,
            path=self.desk.path,
            latency=self.latency,
            hop_ms=1000 * spec.hop / spec.sample_rate,
            engine_restarts=self.engine_restarts,
            retunings=self.retunings,
            device_losses=self.device_losses,
            swaps=self.swaps,
            transport=self.desk.transport.status if self.desk.has_transport else None,
            recording=self.desk.recording,
            recorded_seconds=self.recorder.seconds,
            events=self.events.texts,
            loudness=self.master_meter.loudness,
            **counted(self.shared),
        )

    def stop(self) -> None:
        """Fade out, finish the files, end all processes. May be called more than once."""
        if self._life != "running":
            return
        self._stopping.set()
        self._supervisor.join()
        for companion in self.companions:
            companion.close()
        self._audio.stop()
        self._engine.stop(self._wake.release)
        if self._instant:
            self._instant.stop(self._instant_wake.release)
        self.wiring.stop()
        self.listening.stop()
        if self._player:
            self._player.close()
        self.recorder.close()
        self.master_meter.close()
        self._life = "stopped"

    @property
    def stopped_early(self) -> bool:
        """Whether a source was not played to its end."""
        return self.spec.source is not None and not self.finished.is_set()

    def __enter__(self) -> LiveSession:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def audio(self) -> Child:
        """The audio process."""
        return self._audio.child

    @property
    def pids(self) -> dict[str, int]:
        """Of the child processes that run now."""
        keepers = {"engine": self._engine, "audio": self._audio}
        if self._instant:
            keepers["instant"] = self._instant
        return {name: keeper.child.pid for name, keeper in keepers.items()}

    def _new_engine(self) -> Child:
        request = self._engine_request
        run = run_true_stems if isinstance(request, TrueStemsRequest) else run_engine
        return Child(self._context, "engine", run, self._wake, self._buffer, request)

    def _new_audio(self) -> Child:
        return self.new_audio(self.audio_request)

    def new_audio(self, request: AudioRequest) -> Child:
        """An audio process that finds these devices, and waits to be sent the model."""
        wakes = (self._wake, self._instant_wake) if self.spec.instant else (self._wake,)
        return Child(self._context, "audio", run_audio, wakes, self._buffer, request)

    def new_listening(self) -> Listening:
        return Listening(self._context, self.events.add)

    def take_over(self, request: AudioRequest, device: DeviceReady, audio: Child) -> None:
        """Go on with what that process has opened. What the supervisor calls may call it."""
        before = self.device
        least = before.longest_block if self.desk.recording else 0  # a take would have a gap
        longest = max(device.longest_block, least)
        self.device = dataclasses.replace(device, longest_block=longest)
        self.audio_request = request.settled(device)
        self.swaps += 1
        if audio is not self.audio:
            self.shared.counters.at_once[0] = 0
        self._redeclare()
        self.desk.plug_cue(device.cue_channels)
        if audio is not self.audio:
            audio.send(self.layout)
            self._audio.adopt(audio)
            self._wire(before, device)

    def _wire(self, before: DeviceReady, device: DeviceReady) -> None:
        """Look after what is connected to a device that takes the place of one `before`."""
        heard, played = device.heard != before.heard, device.played != before.played
        self.wiring.forget(input=heard, output=played)
        self.wiring.begin(device.client, device.pipewire)

    def _new_instant(self) -> Child:
        return Child(self._context, "instant", run_instant, self._instant_wake, self._buffer)

    def _next_instant(self) -> Child:
        """One that takes over."""
        child = self._new_instant()
        child.send(self.layout)
        return child

    def _prepare(self) -> None:
        """Lay out the shared memory, set the desk, have the beginning of the source ready."""
        spec = self.spec
        self.full_latency = self._latency_parts()
        self._instant_latency = self._instant_parts() if spec.instant else ()
        self.layout = layout_of(
            self.model,
            self.device,
            self.full_latency,
            self._instant_latency,
            hop_of(spec.instant_delay),
            true_stems=isinstance(spec.engine, TrueStemsRequest),
        )
        self.shared = Shared(self._buffer, self.layout)
        self.shared.begin()
        self.desk = new_desk(spec, self.model.stems, self.shared.control)
        self.desk.begin_cue(spec.cue, self.device.cue_channels)
        self._told_path = "full"
        self._watch = EngineWatch(self.shared)
        for note in (*self.device.notes, pace_warning(self.model)):
            if note:
                self.events.add(note)
        self._player = self._new_player()
        self.recorder = Recorder(
            self.shared.tape,
            self.layout,
            self.desk,
            spec.record,
            heard=lambda: self._heard,
            end=self._source_end,
            on_event=self.events.add,
        )
        self.recorder.start()

    def _new_player(self) -> Player | None:
        """Reading ahead, and its transport at the desk."""
        if self.spec.source is None:
            return None
        player = Player(
            self.spec.source,
            self.shared.lane,
            heard=lambda: self._heard,
            on_event=self.events.add,
            on_change=self.desk.note_change,
        )
        if player.transport:
            self.desk.connect(player.transport)
        player.start()
        return player

    def _supervise(self) -> None:
        try:
            while not self._stopping.is_set():
                self._look()
        except Exception as error:  # without supervision there is no session
            self.failure = error
            self.finished.set()

    def _look(self) -> None:
        children: list[Keeper | Wiring | Listening | Companion] = [
            self._engine, self._audio, self.wiring, self.listening, *self.companions
        ]  # fmt: skip
        children += [self._instant] if self._instant else []
        wait([waitable for child in children for waitable in child.waitables], _LOOK_SECONDS)
        for child in children:
            child.look()
        self._tell_path()
        self._follow(self.device)
        if not self._engine_down and self._watch.hangs():
            self._engine.restart("it did not finish a step")
        end = self._source_end()
        if end is not None and self._heard >= end:
            self.finished.set()

    @property
    def _heard(self) -> int:
        """The position that is heard next, whose sound came a while ago."""
        return self.shared.input.head - self.shared.delay_on(self.shared.path)

    def _tell_path(self) -> None:
        """Where there are two, the one that is heard now, with its latency."""
        if self.desk.path != self._told_path:
            self._told_path = self.desk.path
            self.events.add(f"the {self._told_path} path: {self.milliseconds:.0f} ms")

    def _source_end(self) -> int | None:
        """The position after the source's last sample, once that has been read."""
        return self._player.end if self._player else None

    def _latency_parts(self) -> tuple[LatencyPart, ...]:
        budget = self.model.budget if self.spec.budget is None else self.spec.budget
        return latency_parts(self.model, self.device, budget)

    def _instant_parts(self) -> tuple[LatencyPart, ...]:
        return instant_parts(self.model, self.device, self.spec.instant_delay)

    @property
    def _timing(self) -> Timing:
        return Timing(spec=self.model.spec, budget=self.model.budget)

    def _retune(self, change: Change, executor: str) -> None:
        """Declare and play what the engine has gone over to."""
        after = change.timing
        self.model = dataclasses.replace(
            self.model, spec=after.spec, budget=after.budget, executor=executor
        )
        self._engine_request = self.spec.engine.settled(after.spec, after.budget)
        if change.reason is None:
            self.full_latency = as_long(self._latency_parts(), self.full_latency)
            return
        longer = self._redeclare()
        self.retunings += 1
        text = change.reason
        if longer:
            word = "longer" if longer > 0 else "shorter"
            what = "the latency" if self.desk.path == "full" else "the latency of the full path"
            text += f"; {what} is {1000 * abs(longer) / self.layout.rate:.0f} ms {word}"
        self.events.add(text)

    def _redeclare(self) -> int:
        """What follows from the model and the devices of now. By how many samples the full path is
        longer."""
        before = self.shared.delay
        self.full_latency = self._latency_parts()
        self.shared.delay = delay_of(self.full_latency, self.device)
        if self.spec.instant:
            self._instant_latency = self._instant_parts()
            self.shared.instant_delay = delay_of(self._instant_latency, self.device)
        return self.shared.delay - before

    def _follow(self, device: DeviceReady) -> None:
        """Sound of which more comes at once than ever before, as when the period of a JACK server
        was changed, waits for longer. It never waits for less: that would move what is heard."""
        before, sooner = self.device.longest_block, self.milliseconds
        longest = max(device.longest_block, int(self.shared.counters.at_once[0]), before)
        self.device = dataclasses.replace(device, longest_block=longest)
        if longest > before:
            self.device = dataclasses.replace(self.device, blocksize=longest)
            self._redeclare()
            self.events.add(
                f"the JACK server's period is {longest} samples now, not {before}: "
                f"the latency is {self.milliseconds - sooner:.0f} ms longer"
            )

    def _on_engine(self, child: Child, message: Any) -> None:
        if isinstance(message, ModelReady):
            child.send(self.layout)
            self._watch.reset()
            self.events.add("the engine is back")
            self._engine_down = False
            timing = Timing(spec=message.spec, budget=message.budget)
            if timing != self._timing:  # steps were too slow for the one before
                reason = f"steps were late: {difference(self._timing, timing)}"
                self._retune(Change(timing, reason), message.executor)
        elif isinstance(message, Retuned):
            self._retune(message.change, message.executor)
        elif isinstance(message, Traced):
            self.traced = message

    def _on_engine_end(self, reason: str) -> None:
        self.engine_restarts += 1
        self._engine_down = True
        self.events.add(f"the engine is started again: {reason}")

    def _on_audio(self, child: Child, message: Any) -> None:
        if isinstance(message, Found):
            child.send(self.model)
        elif isinstance(message, DeviceReady):
            before = self.device
            self._follow(message)
            self.desk.plug_cue(message.cue_channels)
            child.send(self.layout)
            if not (self._device_lost or self.audio_request.stem_ports):
                self.wiring.forget(input=True, output=True)  # PortAudio's next ports are others
            self._wire(before, message)
            if self._device_lost:
                silent = time.monotonic() - self._lost_at  # the session's own time stood still
                self.events.add(f"the sound is back, after {silent:.0f} s")
            self._device_lost = False
        for companion in self.companions:
            companion.hear(message)

    def _on_audio_end(self, reason: str) -> None:
        if not self._device_lost:  # of further attempts nobody needs to hear
            self.device_losses += 1
            self._lost_at = time.monotonic()
            self.events.add(f"no sound, trying again: {reason}")
        self.shared.reset_meters()  # the process that moved them has ended
        self._device_lost = True
        self.wiring.end()
