"""What callbacks, steps and pauses are noted as."""

from __future__ import annotations

import gc
import time

import numpy as np
import pytest
import torch
from live_rig import VirtualSession, music, stream_spec, wait_until
from networks import small_bag

from rtsep.engine.hops import HopStream
from rtsep.engine.laps import COPY_IN, CROSSFADE, HostLaps, watch
from rtsep.engine.pauses import watched_pauses
from rtsep.ring.arena import Arena
from rtsep.ring.records import Records
from rtsep.timeline import HOP, PAUSE, STAGES

CPU = torch.device("cpu")
NETWORK = ("STFT", "encoders", "transformer", "decoders", "ISTFT", "crossfade")


def test_stages_are_marked_only_where_somebody_looks() -> None:
    spec = stream_spec()
    bag = small_bag()
    block = torch.randn(1, 2, spec.hop)
    hops = HopStream(bag, spec, batch=1, device=CPU)
    hops.step(block)
    named = dict(zip(STAGES, hops.laps.seconds, strict=True))
    assert named["step"] > 0 and not any(named[name] for name in NETWORK)
    watched = HopStream(bag, spec, batch=1, device=CPU, watched=True)
    began = time.perf_counter()
    watched.step(block)
    took = time.perf_counter() - began
    named = dict(zip(STAGES, watched.laps.seconds, strict=True))
    assert named["step"] == 0 and all(named[name] > 0 for name in NETWORK)
    assert watched.laps.seconds.sum() == pytest.approx(took, rel=0.1)


def test_every_network_of_a_bag_adds_to_the_stages() -> None:
    laps = HostLaps()
    first, second = small_bag(), small_bag()
    bag = torch.nn.ModuleList([*first.networks, *second.networks])
    watch(bag, laps)
    mix = torch.randn(1, 2, 8192)
    laps.begin()
    laps.end(COPY_IN)
    laps.begin_inside()
    once = []
    for network in bag:
        network(mix)
        once.append(laps.seconds.copy())
    assert (once[1][1:CROSSFADE] > once[0][1:CROSSFADE])[1:].all()
    assert once[1][STAGES.index("STFT")] == once[0][STAGES.index("STFT")]


def test_a_session_notes_every_callback_and_hop() -> None:
    session = VirtualSession()
    audio = music(2.0)
    session.run(audio)
    rows, lost = session.shared.callbacks.read(0)
    assert lost == 0 and rows["samples"].sum() == rows["head"][-1] >= audio.shape[1] - 256
    assert (np.diff(rows["head"]) == rows["samples"][1:]).all()
    hops, _ = session.shared.hops.read(0)
    assert (np.diff(hops["end"]) == session.spec.hop).all() and len(hops) > 10
    assert not hops["skipped"].any() and (hops["ended"] >= hops["began"]).all()
    assert hops["missed"].sum() == session.shared.counters.misses[0]


def test_a_slow_reader_learns_what_it_missed() -> None:
    records = Records(Arena(bytearray(1 << 14)), PAUSE, 8)
    for number in range(5):
        records.add(float(number), 0.5)
    rows, lost = records.read(2)
    assert rows["began"].tolist() == [2, 3, 4] and lost == 0
    for number in range(5, 20):
        records.add(float(number), 0.5)
    rows, lost = records.read(5)
    assert rows["began"].tolist() == list(range(12, 20)) and lost == 7
    assert records.read(20)[0].tolist() == []


def test_collections_and_late_wakings_are_noted() -> None:
    arena = Arena(bytearray(1 << 20))
    collections, wakings = Records(arena, PAUSE, 64), Records(arena, PAUSE, 1024)
    with watched_pauses(collections, wakings):
        gc.collect()
        wait_until(lambda: wakings.head >= 5)
    rows, _ = collections.read(0)
    assert len(rows) >= 1 and (rows["seconds"] > 0).all()
    assert (wakings.read(0)[0]["seconds"] >= 0).all()


def test_rows_hold_what_their_columns_say() -> None:
    records = Records(Arena(bytearray(1 << 14)), HOP, 4)
    stages = np.arange(len(STAGES), dtype=float)
    records.add(4096, 1.0, stages, 2.0, 3.0, 7, False, True)
    records.add(8192, 4.0, 0.0, 4.0, 4.0, 0, True, False)
    rows, _ = records.read(0)
    assert rows["stages"][0].tolist() == stages.tolist() and not rows["stages"][1].any()
    assert rows["skipped"].tolist() == [False, True] and rows["missed"].tolist() == [True, False]
