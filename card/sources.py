"""The music that is packed: where it comes from, under which licence, and what of it.

Three quarters of an hour of songs to learn from. None of them is among those that quality is
measured on: lithium and francium, of the same album, are left out whole. Licences as their owners
write them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cut:
    """`files` are glob patterns within the source; what they match is summed."""

    title: str
    files: tuple[str, ...]
    first: float = 20.0  # seconds
    seconds: float = 50.0


@dataclass(frozen=True, kw_only=True)
class Source:
    """A Debian package, or a git repository. `sha256` is that of the package that was tried, or the
    commit."""

    name: str
    owner: str
    licence: str
    sha256: str
    cuts: tuple[Cut, ...]
    url: str = ""  # of a repository


SONGS = Source(
    name="everythingisremixed",
    owner="Software-Entwicklungskit",
    licence="CC0 1.0",
    sha256="6a6fbe3a634871fba7efe298dee048f394aa0f18",
    url="https://github.com/ichbinsoftware/everythingisremixed",
    cuts=tuple(
        Cut(
            title=name.partition(".")[2].lower(),
            files=(f"src/{name}/{name}_Stem_*_mobile.m4a",),
            first=10,
            seconds=180,
        )
        for name in ("1.Hydrogen", "3.Sodium", "4.Potassium", "5.Rubidium", "6.Caesium")
    ),
)

KARAOKE = Source(
    name="ultrastar-songs",
    owner="Joshua Morin",
    licence="CC BY-SA 2.5",
    sha256="c9246c799050acec96a03183df4b85493d283d51",
    url="https://github.com/UltraStar-Deluxe/songs",
    cuts=(
        Cut(
            title="on-the-run",
            files=("Creative Commons/Joshua Morin - On the run/audio.ogg",),
            first=0,
            seconds=210,
        ),
    ),
)

PACKAGES = (
    Source(
        name="fretsonfire-songs-sectoid",
        owner="Carlos Viola Iborra",
        licence="MIT-like, in the package's copyright file",
        sha256="14c1ed3e43c1a6a80eae7698f0469a0825cd1184e441968d62df89ca418aa0b4",
        cuts=tuple(
            Cut(
                title=name.lower().replace(" ", "-"),
                files=(f"*/songs/sectoid/{name}/*.ogg",),
                first=10,
                seconds=125,
            )
            for name in ("Escape from chaosland", "Feelings", "Metal madness", "War of freedom")
        ),
    ),
    Source(
        name="fretsonfire-songs-muldjord",
        owner="Lars Muldjord",
        licence="CC BY-SA 3.0",
        sha256="b37adf8b08b46d4182c283e760e4f40622d83674e05803960ea1e11a92600c7b",
        cuts=tuple(
            Cut(
                title=name.replace("_", "-"),
                files=(f"*/songs/muldjord/{name}/*.ogg",),
                first=10,
                seconds=125,
            )
            for name in ("armygeddon", "chaos_god", "internal_degeneration", "mutilated_mime")
        ),
    ),
    Source(
        name="hyperrogue-music",
        owner="Shawn Parrotte, Lincoln Domina, Will Savino",
        licence="CC BY-SA 3.0",
        sha256="61ab9f4c2169442d85f42c42d26e80c1a18b93c741f3d44f1b9d83015904e7f7",
        cuts=tuple(
            Cut(title=name, files=(f"*/music/{name}.ogg",))
            for name in ("hr3-desert", "hr3-hell", "hr3-motion", "hr-savino-palace")
        ),
    ),
    Source(
        name="warzone2100-music",
        owner="LupusMechanicus",
        licence="CC BY-SA 3.0 or GPL 2, either or later",
        sha256="d3b2c9f90ea5438d45d4aff18339a03ec808e1affa9dac91f7dad61cb15ee64e",
        cuts=tuple(
            Cut(title=f"aftermath-{name}", files=(f"*/aftermath_soundtrack/{name}.opus",))
            for name in ("track18", "track22")
        ),
    ),
)
