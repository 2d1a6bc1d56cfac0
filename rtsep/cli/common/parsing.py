"""How the values of options are written."""

from __future__ import annotations

import math
import re

import click

INSTANT = "instant"


def parse_compute(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Sound devices are often given here."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
        raise click.BadParameter(
            f"{value!r} is none of auto, cpu, cuda, mps, where the network can compute; sound "
            "devices are given with --input and --output",
            ctx,
            param,
        )
    return value


def parse_latency(ctx: click.Context, param: click.Parameter, value: str) -> str | float:
    """ "low", "high", or milliseconds as seconds."""
    if value in ("low", "high"):
        return value
    try:
        milliseconds = float(value)
    except ValueError:
        milliseconds = -1.0
    if not 0 <= milliseconds < 10_000:
        raise click.BadParameter(f"{value!r} is neither low, high nor milliseconds", ctx, param)
    return milliseconds / 1000


def parse_target(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> float | str | None:
    """ "auto" as 0, "instant" as it is, milliseconds as seconds."""
    if value == INSTANT:
        return value
    if value is None or value == "auto":
        return None if value is None else 0.0
    try:
        milliseconds = float(value)
    except ValueError:
        milliseconds = -1.0
    if not 0 < milliseconds < 10_000:
        raise click.BadParameter(f"{value!r} is neither auto, instant nor milliseconds", ctx, param)
    return milliseconds / 1000


def parse_list(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[float, ...]:
    """("46,93", "186") as numbers, 0 or more."""
    numbers = []
    for text in ",".join(values).split(",") if values else ():
        try:
            numbers.append(float(text))
        except ValueError:
            numbers.append(math.nan)
        if not 0 <= numbers[-1] < math.inf:
            raise click.BadParameter(f"{text!r} is not a number, 0 or more", ctx, param)
    return tuple(numbers)


def parse_gains(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, float]:
    """("vocals=-6", "drums=-inf") as numbers by stem."""
    gains = {}
    for value in values:
        stem, _, db = value.partition("=")
        try:
            gains[stem.strip()] = float(db)
        except ValueError as error:
            raise click.BadParameter(
                f"{value!r} is not like vocals=-6 (a stem, =, decibels)", ctx, param
            ) from error
    return gains


def parse_eq(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, tuple[float, ...]]:
    """("vocals=-6,0,3", "drums=kill,0,0") as decibels of low, mid and high by stem."""
    found: dict[str, tuple[float, ...]] = {}
    for value in values:
        stem, _, bands = value.partition("=")
        levels: tuple[float, ...]
        try:
            levels = tuple(
                -math.inf if band.strip() == "kill" else float(band) for band in bands.split(",")
            )
        except ValueError:
            levels = ()
        if len(levels) != 3:
            raise click.BadParameter(
                f"{value!r} is not like vocals=-6,0,3 or drums=kill,0,0 (a stem, =, decibels of "
                "low, mid and high)",
                ctx,
                param,
            )
        found[stem.strip()] = levels
    return found


def parse_filters(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, float]:
    """("vocals=0.3", "mix=-0.5") as numbers by stem."""
    found = {}
    for value in values:
        stem, _, knob = value.partition("=")
        try:
            found[stem.strip()] = float(knob)
        except ValueError as error:
            raise click.BadParameter(
                f"{value!r} is not like vocals=0.3 (a stem or mix, =, -1 to 1)", ctx, param
            ) from error
    return found


def parse_stems(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """ "kick,snare" as names."""
    if value is None:
        return None
    stems = tuple(stem.strip() for stem in value.split(","))
    if not all(stems):
        raise click.BadParameter(f"{value!r} is not like kick,snare,toms", ctx, param)
    return stems


def parse_time(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """ "90", "1:30" or "1:02:03.5" as seconds."""
    if value is None:
        return None
    if not re.fullmatch(r"(\d{1,6}:)?(\d{1,6}:)?\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        raise click.BadParameter(f"{value!r} is not a time like 90 or 1:30", ctx, param)
    seconds = 0.0
    for part in value.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def parse_shard(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int]:
    """ "3/16" as two numbers; all is the first part of one."""
    if value is None:
        return 1, 1
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", value, re.ASCII)
    part, parts = map(int, found.groups()) if found else (0, 0)
    if not 1 <= part <= parts:
        raise click.BadParameter(f"{value!r} is not like 3/16, from 1/16 to 16/16", ctx, param)
    return part, parts
