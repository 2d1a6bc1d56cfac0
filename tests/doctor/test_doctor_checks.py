"""What `rtsep doctor` makes of machines: of this one, and of others that are made of files."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from packaging.requirements import Requirement

from rtsep.audio.devices import Device
from rtsep.doctor import (
    asking,
    disk,
    graphics,
    instant,
    load,
    midi,
    model,
    permission,
    power,
    processor,
    sound,
    versions,
)
from rtsep.doctor.checks import CHECKS
from rtsep.doctor.examine import ORDER, Check, changes
from rtsep.doctor.facts import Card, ModelFacts, TorchFacts, Tuned
from rtsep.doctor.outcome import Outcome, State, advise, guarded, ok, problem
from rtsep.doctor.surroundings import Surroundings, existing, short
from rtsep.engine.rates import conversion_samples
from rtsep.processes.questions import Failure
from rtsep.processor_time import time_shares

CPU = "sys/devices/system/cpu"


def machine(folder: Path, files: Mapping[str, str] | None = None, **programs: str) -> Surroundings:
    """One whose /sys and /proc are `files`, and whose programs print these texts."""
    for name, text in (files or {}).items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    search = folder / "bin"
    search.mkdir(exist_ok=True)
    for name, script in programs.items():
        path = search / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return Surroundings(
        cache=folder / "cache", folder=folder, root=folder / "root", platform="linux",
        programs=str(search),
    )  # fmt: skip


def on(here: Surroundings, platform: str) -> Surroundings:
    return dataclasses.replace(here, platform=platform)


def is_ok(outcome: Outcome | None, *words: str) -> None:
    assert outcome is not None and outcome.state is State.OK, outcome
    assert all(word in outcome.found for word in words), outcome


def advises(outcome: Outcome | None, *words: str, state: State = State.ADVICE) -> None:
    """Says what to do and why, and has these words in what it says."""
    assert outcome is not None and outcome.state is state, outcome
    assert outcome.advice and outcome.effect
    told = f"{outcome.found} | {outcome.advice} | {outcome.effect}"
    assert all(word in told for word in words), told


def no_live_use(outcome: Outcome | None, *words: str) -> None:
    advises(outcome, *words, state=State.PROBLEM)


# versions


def test_packages_are_compared_with_what_ours_asks_for() -> None:
    wanted = [Requirement("torch>=2.8,<2.14"), Requirement("soxr>=0.5")]
    is_ok(versions.compared(wanted, {"torch": "2.13.0+cpu", "soxr": "0.5.0"}), "torch 2.13.0+cpu")
    advises(
        versions.compared(wanted, {"torch": "2.14.1", "soxr": "1.0"}),
        "torch 2.14.1", '"torch<2.14,>=2.8"',
    )  # fmt: skip
    no_live_use(
        versions.compared(wanted, {"torch": "2.9", "soxr": None}), 'pip install "soxr>=0.5"'
    )


def test_the_packages_here_are_those_of_our_metadata() -> None:
    names = [one.name for one in versions.requirements() or []]
    assert "torch" in names and "pytest" not in names  # that one is an extra
    is_ok(versions.packages())
    assert {"python", "system", "torch", "sounddevice"} <= versions.versions().keys()


# sound


def card(index: int, **settings: Any) -> Device:
    usual: dict[str, Any] = {
        "name": f"card {index}", "host_api": "ALSA", "inputs": 2, "outputs": 2,
        "default_rate": 44_100, "default_input": True, "default_output": True,
        "low_latency": (0.006, 0.006), "rates": (44_100, 48_000),
    }  # fmt: skip
    return Device(index=index, **usual | settings)


def heard(*devices: Device) -> sound.SoundFacts:
    return sound.SoundFacts(version="PortAudio V19", host_apis=("ALSA",), devices=devices)


def test_one_good_card_is_fine() -> None:
    facts = heard(card(0))
    is_ok(sound.library(facts, "linux"), "PortAudio V19", "ALSA")
    is_ok(sound.devices(facts), "mic: ALSA: card 0", "speakers: ALSA: card 0")
    is_ok(sound.sample_rate(facts, "linux"), "44.1 48 kHz")
    is_ok(sound.delay(facts, "linux"), "6 + 6 ms")
    is_ok(sound.clocks(facts))


def test_without_portaudio_the_error_says_what_to_do() -> None:
    missing = Failure("the PortAudio library is missing (not found); install it: apt install x")
    no_live_use(sound.library(missing, "linux"), "missing (not found) |", "| install it: apt")
    for platform, words in (("linux", "pipewire"), ("darwin", "coreaudiod"), ("win32", "Windows")):
        no_live_use(sound.library(Failure("no answer in 10 s"), platform), "no answer in", words)


def test_devices_that_are_not_there() -> None:
    no_live_use(sound.devices(heard()), "nothing to play on")
    no_live_use(sound.devices(heard(card(0, outputs=0))), "1 with inputs, 0 with outputs")
    advises(sound.devices(heard(card(0, inputs=0))), "nothing to listen to")
    advises(sound.devices(heard(card(0, default_input=False))), "mic would be nothing", "--input")
    assert sound.sample_rate(heard(), "linux") is None
    assert sound.delay(heard(), "linux") is None and sound.clocks(heard()) is None


@pytest.mark.parametrize("rate", [48_000, 96_000])
def test_another_rate_costs_what_a_session_declares(rate: int) -> None:
    facts = heard(card(0, default_rate=rate, rates=(rate,)))
    cost = f"{1000 * conversion_samples(rate, 44_100) / rate:.0f} ms of latency"
    advises(sound.sample_rate(facts, "linux"), f"{rate / 1000:g} kHz", "jackd -r 44100", cost)
    advises(sound.sample_rate(facts, "win32"), "sound settings", cost)


def test_a_card_that_another_program_holds() -> None:
    advises(sound.sample_rate(heard(card(0, rates=())), "linux"), "no rate", "end other programs")


def test_two_clocks_and_long_buffers() -> None:
    facts = heard(
        card(0, default_output=False, low_latency=(0.03, 0.0)),
        card(1, default_input=False, low_latency=(0.0, 0.05)),
    )
    advises(sound.clocks(facts), "card 0 and ALSA: card 1", "14 ms")
    advises(sound.delay(facts, "linux"), "30 + 50 ms", "up to 80 ms", "start JACK")


def test_a_jack_server_with_a_long_period() -> None:
    facts = heard(card(0, host_api="JACK", name="system", low_latency=(0.023, 0.046)))
    advises(sound.delay(facts, "linux"), "23 + 46 ms", "shorten the server's period", "-p 256")


# MIDI


def plugged(**settings: Any) -> midi.MidiFacts:
    usual: dict[str, Any] = {
        "working": ("alsa", "jack"), "broken": (), "inputs": {}, "maps": 7, "problems": (),
    }  # fmt: skip
    return midi.MidiFacts(**usual | settings)


def test_controllers_and_their_maps() -> None:
    is_ok(midi.systems(plugged(), "linux"), "alsa and jack")
    is_ok(midi.controllers(plugged(inputs={"Midi Through:Port-0 14:0": None})), "none")
    is_ok(midi.controllers(plugged(inputs={"nanoKONTROL2": "nanokontrol2"})), ": nanokontrol2")
    strange = plugged(inputs={"Desk 9": None})
    advises(midi.controllers(strange), "no map", "rtsep midi learn --port 'Desk 9'")
    is_ok(midi.maps(plugged()), "7")
    advises(midi.maps(plugged(problems=("x.toml: is not TOML",))), "x.toml: is not TOML")


def test_without_midi() -> None:
    nothing = plugged(working=(), broken=("no MIDI through alsa: /dev/snd/seq is not there",))
    advises(midi.systems(nothing, "linux"), "/dev/snd/seq", "modprobe snd-seq")
    assert midi.controllers(nothing) is None
    missing = Failure("MIDI needs python-rtmidi, which is not there; try pip install python-rtmidi")
    advises(midi.systems(missing, "linux"), "is not there |", "| try pip install")
    advises(midi.systems(Failure("no answer in 10 s"), "darwin"), "no answer", "unplug controllers")


# processor and power


def cpus(governor: str = "performance", **files: str) -> dict[str, str]:
    """Two clock policies below /sys, with these files in both."""
    names = {"scaling_governor": governor, **files}
    return {
        f"{CPU}/cpufreq/policy{number}/{name}": text
        for number in (0, 1)
        for name, text in names.items()
    }


def test_the_governor(tmp_path: Path) -> None:
    is_ok(processor.governor(machine(tmp_path / "a", cpus())), "performance on 2")
    saving = machine(tmp_path / "b", cpus("powersave"))
    advises(processor.governor(saving), "powersave on 2", "sudo tee", "scaling_governor")
    mixed = cpus() | {f"{CPU}/cpufreq/policy1/scaling_governor": "schedutil"}
    advises(processor.governor(machine(tmp_path / "c", mixed)), "performance on 1, schedutil on 1")
    eager = cpus("powersave", energy_performance_preference="performance")
    is_ok(processor.governor(machine(tmp_path / "d", eager)), "preference performance")
    nothing = processor.governor(machine(tmp_path / "e"))
    assert nothing.state is State.UNKNOWN and "virtual machine" in nothing.found
    is_ok(processor.governor(on(saving, "darwin")))


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    for name in "abcde":
        (tmp_path / name).mkdir()


def test_what_limits_the_clock(tmp_path: Path) -> None:
    free = cpus(scaling_max_freq="4000000", cpuinfo_max_freq="4000000")
    is_ok(processor.clock(machine(tmp_path / "a", free)), "4.0 GHz")
    slow = cpus(scaling_max_freq="1600000", cpuinfo_max_freq="4000000")
    advises(processor.clock(machine(tmp_path / "b", slow)), "1.6 of 4.0 GHz on 2 of 2", "2.5 times")
    turbo = machine(tmp_path / "c", free | {f"{CPU}/intel_pstate/no_turbo": "1"})
    advises(processor.clock(turbo), "turbo is off", f"echo 0 | sudo tee /{CPU}/intel_pstate")
    boost = machine(tmp_path / "d", {f"{CPU}/cpufreq/boost": "0"})
    advises(processor.clock(boost), f"echo 1 | sudo tee /{CPU}/cpufreq/boost")
    assert processor.clock(machine(tmp_path / "e")) is None


def test_heat_and_quotas(tmp_path: Path) -> None:
    count = f"{CPU}/cpu0/thermal_throttle/core_throttle_count"
    is_ok(processor.throttling(machine(tmp_path / "a", {count: "0"})))
    advises(processor.throttling(machine(tmp_path / "b", {count: "12"})), "heat 12 times")
    assert processor.throttling(machine(tmp_path / "c")) is None
    quota = "sys/fs/cgroup/cpu.max"
    assert processor.share(machine(tmp_path / "c", {quota: "max 100000"})) is None
    limited = processor.share(machine(tmp_path / "d", {quota: "150000 100000"}))
    advises(limited, "1.5 processors", "100 ms")


def test_the_processor_here_and_one_with_a_single_core(monkeypatch: pytest.MonkeyPatch) -> None:
    physical, threads = processor.cores()
    assert 1 <= physical <= threads == os.cpu_count()
    monkeypatch.setattr(processor, "cores", lambda: (1, 2))
    advises(processor.name(), "1 cores, 2 threads", "two cores")


@pytest.mark.parametrize(
    ("profile", "choices", "state"),
    [
        ("performance", "low-power balanced performance", State.OK),
        ("balanced", "low-power balanced performance", State.ADVICE),
        ("balanced", "low-power balanced", State.OK),  # there is nothing better
    ],
)
def test_power_profiles_of_linux(profile: str, choices: str, state: State, tmp_path: Path) -> None:
    files = {
        "sys/firmware/acpi/platform_profile": profile,
        "sys/firmware/acpi/platform_profile_choices": choices,
    }
    plain = power.mode(machine(tmp_path / "a", files))
    assert plain.state is state and profile in plain.found
    if state is State.ADVICE:
        advises(plain, "echo performance | sudo tee /sys/firmware")
    listed = "".join(f"echo '  {one}:'; " for one in choices.replace("low", "power").split())
    script = f'if [ "$1" = get ]; then echo {profile}; else {listed} fi'
    asked = power.mode(machine(tmp_path / "b", files, powerprofilesctl=script))
    assert asked.state is state and profile in asked.found
    if state is State.ADVICE:
        advises(asked, "powerprofilesctl set performance")


def test_power_of_other_systems(tmp_path: Path) -> None:
    assert power.mode(machine(tmp_path / "a")).state is State.UNKNOWN
    mac = machine(tmp_path / "b", pmset="echo ' lowpowermode         1'")
    advises(power.mode(on(mac, "darwin")), "low power mode is on", "pmset -a lowpowermode 0")
    mac = machine(tmp_path / "c", pmset="echo ' lowpowermode         0'")
    is_ok(power.mode(on(mac, "darwin")))
    balanced = "echo 'Power Scheme GUID: 381b4222-f694-41f0-9685-ff5bb260df2e  (Balanced)'"
    advises(power.mode(on(machine(tmp_path / "d", powercfg=balanced), "win32")), "Balanced", "8c5e")
    fast = "echo 'Power Scheme GUID: 8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c  (High performance)'"
    is_ok(power.mode(on(machine(tmp_path / "e", powercfg=fast), "win32")), "High performance")
    for platform in ("darwin", "win32", "sunos5"):
        assert power.mode(on(machine(tmp_path / "a"), platform)).state is State.UNKNOWN


def test_a_program_that_hangs_or_fails_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtsep.doctor.surroundings._PROGRAM_SECONDS", 0.2)
    here = machine(tmp_path, slow="exec sleep 60", bad="echo no; exit 1", good="echo yes")
    answers = [here.output_of(name, []) for name in ("slow", "bad", "missing", "good")]
    assert answers == [None, None, None, "yes"]


def test_the_battery() -> None:
    is_ok(power.supply(None), "no battery")
    for plugged_in, check in ((True, is_ok), (False, advises)):
        check(power.supply(SimpleNamespace(percent=41.0, power_plugged=plugged_in)), "41 %")
    untold = power.supply(SimpleNamespace(percent=41.0, power_plugged=None))
    assert untold.state is State.UNKNOWN
    assert power.supply(power.battery()).state in State


def test_real_time_permission() -> None:
    granted = permission.PermissionFacts(
        asked=True, granted=True, most_priority=95, locked_bytes=-1, member=True, enrolled=True
    )
    is_ok(permission.real_time(granted), "rtprio 95", "memlock unlimited")
    refused = dataclasses.replace(granted, granted=False, most_priority=0, locked_bytes=8 << 20)
    advises(permission.real_time(refused), "rtprio 0, memlock 8 MiB", "limits.d", "log out")
    later = dataclasses.replace(refused, member=False)
    assert permission.real_time(later).advice.startswith("log out and in again, to be in the group")
    outside = dataclasses.replace(later, enrolled=False)
    advises(permission.real_time(outside), "usermod -aG audio")
    is_ok(permission.real_time(dataclasses.replace(refused, asked=False)))


# load


def test_other_programs_and_a_host_that_steals() -> None:
    quiet = load.Load(programs={"a (1)": 0.02}, stolen=0.0, stolen_before=0.0)
    is_ok(load.programs(quiet), "2% of a core")
    busy = dataclasses.replace(quiet, programs={"browser (7)": 0.9, "sync (8)": 0.3})
    advises(load.programs(busy), "120% of a core: browser (7) 90%, sync (8) 30%")
    is_ok(load.stolen(quiet))
    advises(load.stolen(dataclasses.replace(quiet, stolen_before=0.019)), "1.9% since the start")
    advises(load.stolen(dataclasses.replace(quiet, stolen=0.2)), "20.0% of the time now")
    assert load.stolen(dataclasses.replace(quiet, stolen=None)) is None


def test_what_a_frame_of_the_instant_path_takes() -> None:
    fast = instant.InstantFacts(p50=0.0008, p99=0.0016)
    is_ok(instant.frames(fast), "a frame takes 0.8 ms, 99 of 100 at most 1.6, of 5")
    slow = dataclasses.replace(fast, p99=0.0062)
    advises(instant.frames(slow), "at most 6.2; it has 5", "leave --latency instant")


def test_a_frame_is_measured_in_a_process_of_its_own() -> None:
    """Which loads no PyTorch, and has the threads of a session."""
    answers = asking.ask(asking.frames_round())
    found = answers["instant"]
    assert isinstance(found, instant.InstantFacts), found
    assert 0 < found.p50 <= found.p99


def test_stolen_time_is_a_share_of_all_time() -> None:
    def times(user: float, idle: float, steal: float) -> Any:
        found = psutil.cpu_times()._replace  # whose fields are those of this system
        zero = dict.fromkeys(psutil.cpu_times()._fields, 0.0)
        return found(**zero | {"user": user, "guest": user, "idle": idle, "steal": steal})

    if not hasattr(psutil.cpu_times(), "steal"):
        assert "steal" not in time_shares(None, psutil.cpu_times())
        return
    assert time_shares(None, times(6, 3, 1))["steal"] == pytest.approx(0.1)
    assert time_shares(times(6, 3, 1), times(9, 4, 2))["steal"] == pytest.approx(0.2)


def test_a_busy_program_is_seen() -> None:
    spin = "print(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE) as busy:
        try:
            assert busy.stdout is not None and busy.stdout.readline()
            found = load.measure()
        finally:
            busy.kill()
    (share,) = (share for who, share in found.programs.items() if who.endswith(f"({busy.pid})"))
    assert share > 0
    assert not any(who.endswith(f"({os.getpid()})") for who in found.programs)


def test_memory() -> None:
    is_ok(load.memory(8 << 30, 16 << 30), "8.6 of 17.2 GB")
    advises(load.memory(3 << 29, 16 << 30), "1 GB more")
    no_live_use(load.memory(1 << 29, 1 << 30), "0.5 of 1.1 GB")


# graphics

CPU_TORCH = TorchFacts(
    version="2.13.0+cpu", cuda=None, hip=None, mps=False, threads=4, cards=(), why_none="",
    built_for=(),
)  # fmt: skip
H100 = Card(name="H100", capability=(9, 0), total_bytes=80 << 30, free_bytes=79 << 30)
CUDA_TORCH = dataclasses.replace(
    CPU_TORCH, version="2.13.0+cu130", cuda="13.0", cards=(H100,), built_for=("sm_75", "sm_90")
)


def test_torch() -> None:
    is_ok(graphics.torch(CPU_TORCH), "built for CPU")
    is_ok(graphics.torch(CUDA_TORCH), "built for CUDA 13.0")
    no_live_use(graphics.torch(Failure("ImportError: libc10.so")), "libc10.so", "reinstall torch")


def test_a_card_beside_a_pytorch_without_cuda(tmp_path: Path) -> None:
    is_ok(graphics.gpu(CPU_TORCH, machine(tmp_path / "a")), "the processor computes")
    bus = {
        "sys/bus/pci/devices/0000:00:02.0/class": "0x030000",
        "sys/bus/pci/devices/0000:00:02.0/vendor": "0x8086",
        "sys/bus/pci/devices/0000:01:00.1/class": "0x040300",  # the sound of the card
        "sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de",
    }
    is_ok(graphics.gpu(CPU_TORCH, machine(tmp_path / "b", bus)))
    here = machine(tmp_path / "c", bus | {
        "sys/bus/pci/devices/0000:01:00.0/class": "0x030200",
        "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de",
    })  # fmt: skip
    advises(graphics.gpu(CPU_TORCH, here), "0000:01:00.0", "processor only", "reinstall torch")
    named = machine(tmp_path / "d", nvidia_smi="echo 'GPU 0: NVIDIA RTX 4070 (UUID: GPU-1)'")
    advises(
        graphics.gpu(CPU_TORCH, on(named, "win32")), "GPU 0: NVIDIA RTX 4070,", "index for CUDA"
    )
    mute = dataclasses.replace(CUDA_TORCH, cards=(), why_none="Found no NVIDIA driver")
    advises(graphics.gpu(mute, here), "Found no NVIDIA driver", "install the card's driver")


def test_a_card_that_is_used(tmp_path: Path) -> None:
    here = machine(tmp_path)
    is_ok(graphics.gpu(CUDA_TORCH, here), "H100, 84.8 of 85.9 GB free, capability 9.0")
    full = dataclasses.replace(H100, free_bytes=1 << 30)
    advises(graphics.gpu(dataclasses.replace(CUDA_TORCH, cards=(full,)), here), "1.1 of 85.9 GB")
    old = dataclasses.replace(H100, capability=(6, 1))
    advises(graphics.gpu(dataclasses.replace(CUDA_TORCH, cards=(old,)), here), "6.1", "sm_75 sm_90")
    is_ok(graphics.gpu(dataclasses.replace(CPU_TORCH, mps=True), here), "MPS")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("580.1, Enabled, P8, 40, 0, 0x0000000000000001", None),  # idle
        ("580.1, Enabled, P2, 88, 0, 0x0000000000000040", "slowed down by heat"),
        ("580.1, Enabled, P2, 50, 97, 0x0000000000000000", "97 % busy"),
        ("580.1, Disabled, P8, 40, 0, [N/A]", "nvidia-smi -pm 1"),
    ],
)
def test_the_state_of_a_card(row: str, words: str | None, tmp_path: Path) -> None:
    found = graphics.state(machine(tmp_path, nvidia_smi=f"echo '{row}'"))
    if words:
        advises(found, words)
    else:
        is_ok(found, "driver 580.1, P8, 40 °C")
    assert graphics.state(machine(tmp_path / "a")) is None


# model


def loaded(tuned: Tuned | None = None, **settings: Any) -> ModelFacts:
    usual: dict[str, Any] = {
        "device": "cpu", "precision": "bf16", "loaded": True, "notices": (), "tuned": tuned,
    }  # fmt: skip
    return ModelFacts(**usual | settings)


FAST = Tuned(mode="incremental", hop=0.186, latency=0.451, compiled=True, lost=0.0, runs=True)


def test_weights_that_are_not_here(tmp_path: Path) -> None:
    here = machine(tmp_path)
    absent = loaded(loaded=False)
    no_live_use(
        model.weights(absent, here), "rtsep models pull htdemucs --cache", "(84 MB)", "network"
    )
    damaged = dataclasses.replace(absent, notices=("x is damaged",))
    no_live_use(model.weights(damaged, here), "x is damaged")
    no_live_use(model.weights(Failure("no cuda device here; use --compute cpu"), here), "--compute")
    assert model.tuning(absent, here) is None and model.compiled(absent, here) is None
    is_ok(model.weights(loaded(), here), "htdemucs", "verified")


def test_the_precision_is_told() -> None:
    is_ok(model.precision(loaded()), "bf16: tried now, much faster")
    is_ok(model.precision(loaded(precision="fp32", device="mps")), "not much faster on this mps")


def test_tuning_and_compiled_steps(tmp_path: Path) -> None:
    here = machine(tmp_path)
    is_ok(model.tuning(loaded(FAST), here), "451 ms: hop 186 ms, incremental, compiled")
    is_ok(model.compiled(loaded(FAST), here), "186 ms")
    other = dataclasses.replace(here, model="mine", device="cpu")
    advises(
        model.tuning(loaded(), other),
        "never tuned",
        "rtsep tune --model mine --compute cpu --cache",
    )
    advises(model.tuning(loaded(), here), "two thirds")
    assert model.compiled(loaded(), here) is None
    plain = dataclasses.replace(FAST, compiled=False)
    advises(model.compiled(loaded(plain), here), "runs without", "rtsep tune")
    lost = dataclasses.replace(plain, lost=0.22)
    advises(model.compiled(loaded(lost), here), "are gone", "220 ms of latency less")
    worse = dataclasses.replace(FAST, lost=0.1)  # a compiled step is left, but not the best
    advises(model.compiled(loaded(worse), here), "are gone", "100 ms of latency less")
    gone = dataclasses.replace(FAST, runs=False)
    advises(model.tuning(loaded(gone), here), "nothing else was fast enough")
    assert model.compiled(loaded(gone), here) is None
    assert model.compiled(loaded(device="cuda"), here) is None


def test_a_compiler_and_the_threads(tmp_path: Path) -> None:
    advises(model.compiler(loaded(), machine(tmp_path / "a")), "no g++", "apt install g++")
    here = machine(tmp_path / "b", g__="true")
    found = dataclasses.replace(here, environment={"CXX": "g--"})
    is_ok(model.compiler(loaded(), found), "bin/g--")
    assert model.compiler(loaded(device="cuda"), here) is None
    is_ok(model.threads(CPU_TORCH, 4), "4 of 4")
    advises(model.threads(dataclasses.replace(CPU_TORCH, threads=1), 4), "1 of 4", "OMP_NUM")


# disk


class Disk:
    """Stands in for `shutil.disk_usage`."""

    def __init__(self, free: float) -> None:
        self._free = free

    def __call__(self, path: Path | str) -> Any:
        assert Path(path).exists()
        return SimpleNamespace(free=int(self._free))


def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine(tmp_path, {"dev/shm/x": ""})
    monkeypatch.setattr(shutil, "disk_usage", Disk(500e9))
    is_ok(disk.cache(here), "500.0 GB free")
    is_ok(disk.temporary())
    is_ok(disk.recording(here), "127 MB a minute")
    is_ok(disk.shared_memory(here), "67 MB needed")
    monkeypatch.setattr(shutil, "disk_usage", Disk(300e6))
    advises(disk.cache(here), "300 MB free", "700 MB at least")
    advises(disk.temporary(), "1.0 GB at least")
    advises(disk.recording(here), "room for 2 minutes")
    monkeypatch.setattr(shutil, "disk_usage", Disk(0))
    no_live_use(disk.shared_memory(here), "--shm-size")
    assert disk.shared_memory(on(here, "darwin")) is None


def test_a_small_shared_memory_beside_a_large_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = machine(tmp_path, {"dev/shm/x": ""})
    sizes = {here.root / "dev/shm": 60e6}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Disk(sizes.get(path, 9e9))(path))
    advises(disk.shared_memory(here), "60 MB free", "through a file")


def test_folders_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = machine(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # permissions say nothing to root
    advises(disk.cache(here), "cannot be written", "RTSEP_CACHE")
    advises(disk.recording(here), "--record FOLDER")
    no_live_use(model.weights(loaded(loaded=False), here), "pull htdemucs --cache FOLDER")


def test_paths_are_shown_without_the_users_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert short(tmp_path / "music" / "takes") == str(Path("~/music/takes"))
    assert short(tmp_path.parent) == str(tmp_path.parent)
    assert existing(tmp_path / "x" / "y") == tmp_path


# all of it


def test_every_check_has_a_place_in_the_order_of_effect() -> None:
    names = [name for _, name, _ in CHECKS]
    assert sorted(names) == sorted(ORDER) and len(set(ORDER)) == len(ORDER)


def test_problems_come_first_then_what_has_more_effect() -> None:
    outcomes = {
        "maps": advise("", "a", "b"),
        "packages": advise("", "a", "b"),
        "weights": problem("", "a", "b"),
        "governor": advise("", "a", "b"),
        "memory": ok(""),
        "gpu": advise("", "a", "b"),
        "portaudio": problem("", "a", "b"),
        "clocks": advise("", "a", "b"),
        "sample rate": advise("", "a", "b"),
    }
    checks = [Check(theme="", name=name, outcome=outcome) for name, outcome in outcomes.items()]
    order = [
        "portaudio", "weights", "packages", "gpu", "governor", "sample rate", "clocks", "maps",
    ]  # fmt: skip
    assert [one.name for one in changes(checks)] == order


def test_a_check_that_fails_itself_says_where() -> None:
    def broken() -> Outcome:
        raise ValueError("impossible")

    outcome = guarded(broken)
    assert outcome is not None and outcome.state is State.UNKNOWN
    assert "ValueError: impossible" in outcome.found and Path(__file__).name in outcome.found
