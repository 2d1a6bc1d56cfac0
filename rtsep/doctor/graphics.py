"""The graphics card, and whether PyTorch uses it."""

from __future__ import annotations

from rtsep.doctor.facts import Card, TorchFacts
from rtsep.doctor.outcome import Outcome, advise, ok, problem
from rtsep.doctor.surroundings import Surroundings
from rtsep.processes.questions import Failure

_NVIDIA = "0x10de"
_DISPLAY = "0x03"  # the PCI class, its first byte
_NEEDED_BYTES = 2 << 30  # generous: a session on the CPU keeps 0.6 GB
_SELECTOR = "https://pytorch.org/get-started/locally"
_WHY = "a card takes the network off the processor altogether"
# Reasons of nvidia-smi for a slow clock that are worth a word: hardware, heat, power brake.
_SLOW = {0x8: "hardware", 0x20: "heat", 0x40: "heat", 0x80: "the power supply"}
_BUSY = 20  # per cent
_QUERY = ("driver_version", "persistence_mode", "pstate", "temperature.gpu", "utilization.gpu",
          "clocks_throttle_reasons.active")  # fmt: skip


def present(here: Surroundings) -> str | None:
    """How an NVIDIA card shows itself without PyTorch: its driver's name for it, or the bus."""
    listed = here.output_of("nvidia-smi", ["-L"])
    if listed and listed.startswith("GPU "):
        return listed.splitlines()[0].partition(" (UUID")[0]
    for device in sorted((here.root / "sys/bus/pci/devices").glob("*")):
        kind = here.read(device / "class") or ""
        if here.read(device / "vendor") == _NVIDIA and kind.startswith(_DISPLAY):
            return f"an NVIDIA card at {device.name}"
    return None


def torch(facts: TorchFacts | Failure) -> Outcome:
    """Whether PyTorch can be loaded at all."""
    if isinstance(facts, TorchFacts):
        built = f"CUDA {facts.cuda}" if facts.cuda else f"ROCm {facts.hip}" if facts.hip else "CPU"
        return ok(f"{facts.version}, built for {built}")
    return problem(
        f"PyTorch cannot be loaded: {facts.reason}",
        f"pip install --force-reinstall torch ({_SELECTOR})",
        "it computes the network",
    )


def gpu(facts: TorchFacts, here: Surroundings) -> Outcome:
    """Whether a card that is there is used."""
    if facts.cards:
        return _used(facts, facts.cards[0])
    if facts.mps:
        return ok("Apple's, through MPS")
    card = present(here)
    if card is None:
        return ok("none that PyTorch could use; the processor computes")
    if facts.cuda is None:
        return advise(
            f"{card}, but this PyTorch ({facts.version}) is built for the processor only",
            _reinstall(here),
            _WHY,
        )
    return advise(
        f"{card}, but CUDA does not start: {facts.why_none or 'no reason given'}",
        "install the card's driver (Debian: nvidia-driver; Ubuntu: sudo ubuntu-drivers install), "
        f"one that is new enough for CUDA {facts.cuda}",
        _WHY,
    )


def _reinstall(here: Surroundings) -> str:
    """Linux has CUDA in the usual package; elsewhere, and after a choice, the index decides."""
    if here.linux:
        return f"pip install --force-reinstall torch, without an index for CPUs ({_SELECTOR})"
    return f"pip install --force-reinstall torch, with the index for CUDA from {_SELECTOR}"


def _used(facts: TorchFacts, card: Card) -> Outcome:
    major, minor = card.capability
    told = f"{card.name}, {card.free_bytes / 1e9:.1f} of {card.total_bytes / 1e9:.1f} GB free"
    if facts.cuda:
        told += f", capability {major}.{minor}"
    architectures = [int(one[3:]) for one in facts.built_for if one[3:].isdecimal()]
    if facts.cuda and architectures and 10 * major + minor < min(architectures):
        return advise(
            f"{told}, which this PyTorch was not built for ({' '.join(facts.built_for)})",
            f"take a version of PyTorch that knows the card ({_SELECTOR}), or --compute cpu",
            "sessions that take the card fail",
        )
    if card.free_bytes < _NEEDED_BYTES:
        return advise(told, "end other programs that use the card", "a session may find no room")
    return ok(told)


def state(here: Surroundings) -> Outcome | None:
    """What nvidia-smi says of the first card: who slows it down, who else uses it."""
    wanted = f"--query-gpu={','.join(_QUERY)}"
    told = here.output_of("nvidia-smi", ["-i", "0", wanted, "--format=csv,noheader,nounits"])
    values = [value.strip() for value in (told or "").split(",")]
    if len(values) != len(_QUERY):
        return None
    driver, persistence, level, degrees, busy, reasons = values
    found = f"driver {driver}, {level}, {degrees} °C, {busy} % busy, persistence {persistence}"
    why = _slowed(reasons)
    if why:
        return advise(f"{found}; slowed down by {why}", "cool it, check its power", "slow steps")
    if busy.isdecimal() and int(busy) > _BUSY:
        return advise(found, "end other programs that use the card", "steps wait for them")
    if persistence == "Disabled" and here.linux:
        return advise(
            found,
            "sudo nvidia-smi -pm 1",
            "without persistence the driver starts anew with each program: a session starts later",
        )
    return ok(found)


def _slowed(reasons: str) -> str:
    try:
        bits = int(reasons, 16)
    except ValueError:  # "[Not Supported]"
        return ""
    return " and ".join(dict.fromkeys(name for bit, name in _SLOW.items() if bits & bit))
