"""What becomes of Mixxx's controls: which are taken, how they move the desk, why others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mixxx_support import Imported, control, lamp, mapping

from rtsep.config import STEMS_6
from rtsep.control.actions import VERBS
from rtsep.control.midi.mapping import map_tables, read_map
from rtsep.errors import ConfigError
from rtsep.mixxx.importing import ELSEWHERE, NO_MESSAGE, NO_PARTNER, NO_STEM, NO_TONE, SCRIPTED
from rtsep.mixxx.layouts import LAYOUTS, chosen_layout

CC, ON, OFF, PITCH = 0xB0, 0x90, 0x80, 0xE0
TONE = (
    "eq-low",
    "eq-mid",
    "eq-high",
    "filter",
    "master-filter",
    "kill-low",
    "kill-mid",
    "kill-high",
)


def deck(number: int, key: str, status: int, midino: object, *options: str) -> str:
    return control(f"[Channel{number}]", key, hex(status + number - 1), midino, *options)


def volumes(decks: int) -> list[str]:
    return [deck(n, "volume", CC, 7) for n in range(1, decks + 1)]


@pytest.fixture
def box(tmp_path: Path) -> Callable[..., Imported]:
    def box(*controls: str, lamps: Any = (), **wishes: Any) -> Imported:
        return Imported(tmp_path, mapping(*controls, lamps=lamps), **wishes)

    return box


@pytest.fixture(params=[True, False], ids=["tone", "no tone"])
def tone(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the desk has equalizers and filters, or not."""
    every = dict(VERBS)
    if not request.param:
        for name in TONE:
            del VERBS[name]
    yield bool(request.param)
    VERBS.clear()
    VERBS.update(every)  # in their order, which pages show


Box = Callable[..., Imported]


# What is a stem


def test_four_decks_are_four_stems(box: Box) -> None:
    buttons = [deck(n, key, ON, m) for n in range(1, 5) for m, key in enumerate(("mute", "pfl"))]
    four = box(*volumes(4), *buttons, control("[Master]", "gain", 0xBF, 8))
    assert four.all.layout == "decks" and four.left == []
    assert list(four.all.strips) == ["Channel1", "Channel2", "Channel3", "Channel4"]
    for channel, stem in enumerate(("drums", "bass", "other", "vocals")):
        four.send((CC | channel, 7, 102), (CC | channel, 7, 30))
        assert four.travel(f"gain:{stem}") == pytest.approx(30 / 127)
        four.send((ON | channel, 0, 127), (ON | channel, 0, 0))
        assert four.travel(f"mute:{stem}") == 1
        four.send((ON | channel, 1, 127))
        assert four.travel(f"solo:{stem}") == 1
    four.send((0xBF, 8, 127), (0xBF, 8, 13))
    assert four.travel("master") == pytest.approx(13 / 127)


def knobs(number: int, keys: tuple[str, ...], group: str = "[Channel{}]") -> list[str]:
    return [
        control(group.format(number), key, hex(0xAF + number), 20 + n) for n, key in enumerate(keys)
    ]


@pytest.mark.parametrize(
    ("keys", "group"),
    [
        (("filterLow", "filterMid", "filterHigh"), "[Channel{}]"),
        (("parameter1", "parameter2", "parameter3"), "[EqualizerRack1_[Channel{}]_Effect1]"),
    ],
)
def test_a_fader_and_three_knobs_of_two_decks_are_four_stems(
    box: Box, keys: tuple[str, ...], group: str
) -> None:
    all_knobs = knobs(1, keys, group) + knobs(2, keys, group)
    two = box(*volumes(2), *all_knobs, deck(1, "filterMidKill", ON, 5), model=STEMS_6)
    assert two.all.layout == "eq" and two.left == []
    assert two.actions == [f"gain:{n}" for n in (1, 5, 2, 3, 4, 6, 7, 8)] + ["mute:3"]
    two.send((CC, 7, 102), (CC, 7, 1), (CC, 22, 102), (CC, 22, 3), (0xB1, 20, 102), (0xB1, 20, 4))
    assert two.travel("gain:drums") == pytest.approx(1 / 127)
    assert two.travel("gain:vocals") == pytest.approx(3 / 127)
    assert two.travel("gain:piano") == pytest.approx(4 / 127)
    two.send((ON, 5, 1))
    assert two.travel("mute:other") == 1


def test_stems_of_mixxx_come_first(box: Box, tone: bool) -> None:
    stems = [control(f"[Channel2_Stem{n}]", key, CC if key == "volume" else ON, n)
             for n in range(1, 5) for key in ("volume", "mute")]  # fmt: skip
    others = [control("[Channel3_Stem1]", "volume", 0xB2, 9), *volumes(4)]
    filters = [
        control(f"[QuickEffectRack1_[Channel2{of}]]", "super1", 0xB5, 9) for of in ("", "_Stem3")
    ]
    found = box(*stems, *others, *filters)
    assert found.all.layout == "stems"
    assert found.actions[:8] == [f"{verb}:{n}" for n in range(1, 5) for verb in ("gain", "mute")]
    assert found.actions[8:] == ["master", *(["master-filter", "filter:3"] if tone else [])]
    assert Counter(why for _, why in found.left) == {NO_STEM: 4} | ({} if tone else {NO_TONE: 2})


def test_the_layout_that_is_wished_for(box: Box) -> None:
    controls = (*volumes(2), *knobs(1, ("filterLow", "filterHigh")))
    assert box(*controls).all.layout == "eq"
    assert box(*controls, layout="decks").actions[:2] == ["gain:1", "gain:2"]
    assert box(*volumes(2)).all.layout == "decks"
    assert box(*volumes(4), layout="eq").actions == ["gain:1", "gain:5"]
    assert box(*volumes(4), layout="stems").actions == ["master"]


def test_strips_that_are_chosen(box: Box) -> None:
    words = ["Channel1=drums+bass + other", "[Channel2]=4", "Sampler3=master"]
    sampler = control("[Sampler3]", "volume", 0xB5, 3)
    found = box(*volumes(4), deck(1, "mute", ON, 1), sampler, layout="auto", stems=words)
    assert found.all.layout == "chosen"
    assert found.actions == ["gain:drums", "gain:bass", "gain:other", "gain:4",
                             "mute:drums", "mute:bass", "mute:other", "master"]  # fmt: skip
    assert found.left == [("volume", NO_STEM)] * 2
    found.send((CC, 7, 102), (CC, 7, 9), (ON, 1, 127), (0xB5, 3, 102), (0xB5, 3, 10))
    for stem in ("drums", "bass", "other"):
        assert found.travel(f"gain:{stem}") == pytest.approx(9 / 127)
        assert found.travel(f"mute:{stem}") == 1
    assert found.travel("master") == pytest.approx(10 / 127) and found.travel("mute:4") == 0


@pytest.mark.parametrize(
    "word", ["", "drums", "Channel1", "Channel1=", "Channel1=a+", "Deck1=a", "=a"]
)
def test_words_that_choose_nothing(word: str) -> None:
    with pytest.raises(ConfigError, match=r"--stem must be like Channel1=drums, .*got "):
        chosen_layout([word])


def test_equalizers_and_filters(box: Box, tone: bool) -> None:
    keys = ("parameter1", "parameter2", "parameter3")
    kills = [control("[EqualizerRack1_[Channel4]_Effect1]", f"button_{key}", ON, n)
             for n, key in enumerate(keys)]  # fmt: skip
    super1 = control("[QuickEffectRack1_[Channel4]]", "super1", CC, 9)
    found = box(
        *volumes(4), *knobs(4, keys, "[EqualizerRack1_[Channel{}]_Effect1]"), *kills, super1
    )
    named = [f"eq-{band}:4" for band in ("low", "mid", "high")]
    named += [f"kill-{band}:4" for band in ("low", "mid", "high")] + ["filter:4"]
    assert found.actions[4:] == (named if tone else [])
    assert found.left == ([] if tone else [(key, NO_TONE) for key in
                          (*keys, *(f"button_{key}" for key in keys), "super1")])  # fmt: skip


def test_pads_are_balances(box: Box) -> None:
    pads = [deck(2, f"hotcue_{n}_activate", ON, n) for n in (1, 2, 8, 0)]
    found = box(*pads, control("[Recording]", "toggle_recording", ON, 99))
    assert found.actions == ["preset:all", "preset:acapella", "record"]
    assert [reason for _, reason in found.left] == [NO_STEM, NO_STEM]
    found.send((0x91, 2, 127), (0x91, 2, 0), (ON, 99, 1))
    assert [found.travel(f"mute:{n}") for n in range(1, 5)] == [1, 1, 1, 0]
    assert found.travel("record") == 1


# Messages and options


def test_several_actions_of_a_message(box: Box) -> None:
    found = box(*volumes(3), control("[Channel3]", "volume", hex(CC), 7))
    found.send((CC, 7, 102), (CC, 7, 20))
    assert found.travel("gain:1") == found.travel("gain:3") == pytest.approx(20 / 127)


@pytest.mark.parametrize("first", ["coarse", "fine"])
@pytest.mark.parametrize(("coarse", "fine"), [(7, 39), (28, 44), (58, 59), (64, 96), (39, 7)])
def test_two_halves(box: Box, coarse: int, fine: int, first: str) -> None:
    halves = [deck(1, "volume", CC, hex(coarse), "Soft-takeover", "fourteen-bit-msb"),
              deck(1, "volume", CC, hex(fine), "fourteen-bit-lsb", "invert")]  # fmt: skip
    found = box(*(halves if first == "coarse" else halves[::-1]), layout="decks")
    (one,) = found.bindings
    assert one.numbers == (coarse, fine) and found.all.taken == 2
    for value in (13107, 13108, 5000):
        found.send((CC, coarse, value >> 7), (CC, fine, value & 127))
    assert found.travel("gain:1") == pytest.approx(5000 / 16383)


def test_of_several_halves_the_standard_has_those_that_fit(box: Box) -> None:
    found = box(
        deck(1, "volume", CC, 1, "fourteen-bit-msb"),
        deck(1, "volume", CC, 2, "fourteen-bit-msb"),
        deck(1, "volume", CC, 34, "fourteen-bit-lsb"),
        deck(1, "volume", CC, 33, "fourteen-bit-lsb"),
    )
    assert [one.numbers for one in found.bindings] == [(1, 33), (2, 34)]


MSB = deck(1, "volume", CC, 1, "fourteen-bit-msb")


@pytest.mark.parametrize(
    "controls",
    [
        [MSB],
        [deck(1, "volume", CC, 33, "fourteen-bit-lsb")],
        [MSB, deck(2, "volume", CC, 33, "fourteen-bit-lsb")],
        [MSB, deck(1, "volume", CC, 33, "fourteen-bit-lsb", "script-binding")],
        [MSB, control("[Channel1]", "volume", 0xB1, 33, "fourteen-bit-lsb")],
        [deck(1, "pfl", OFF, 1)],
        [deck(1, "pfl", OFF, 1), deck(1, "pfl", ON, 1, "script-binding")],
    ],
)  # fmt: skip
def test_what_lacks_its_other_half(box: Box, controls: list[str]) -> None:
    found = box(*controls)
    assert found.bindings == () and {reason for _, reason in found.left} <= {NO_PARTNER, SCRIPTED}


@pytest.mark.parametrize("midino", ["", "0x20"])
def test_a_pitch_bend_needs_no_number(box: Box, midino: str) -> None:
    found = box(deck(1, "volume", PITCH, midino, "invert"))  # which Mixxx passes over here
    found.send((PITCH, 0, 102), (PITCH, 1, 20))
    assert found.travel("gain:1") == pytest.approx((20 * 128 + 1) / 16383)


def test_an_inverted_fader(box: Box) -> None:
    found = box(deck(1, "volume", CC, 7, "Invert", "selectknob"))
    found.send((CC, 7, 25), (CC, 7, 0))
    assert found.travel("gain:1") == 1
    found.send((CC, 7, 100))
    assert found.travel("gain:1") == pytest.approx(27 / 127)


@pytest.mark.parametrize(
    ("option", "up", "down", "clicks"),
    [
        ("diff", 1, 127, 1), ("diff", 5, 123, 5), ("hercjog", 2, 126, 2),
        ("hercjogfast", 1, 127, 3),
        ("rot64", 66, 62, 2), ("rot64inv", 62, 66, 2),
        ("rot64fast", 66, 62, 3), ("Rot64", 65, 63, 1),
    ],
)  # fmt: skip
def test_endless_encoders(box: Box, option: str, up: int, down: int, clicks: int) -> None:
    found = box(deck(1, "volume", CC, 7, option))
    found.send((CC, 7, down))
    assert found.travel("gain:1") == pytest.approx(0.8 - clicks / 127, abs=1e-6)
    found.send((CC, 7, up))
    assert found.travel("gain:1") == pytest.approx(0.8, abs=1e-6)


def test_a_switch_that_stays(box: Box) -> None:
    found = box(deck(1, "mute", CC, 7, "switch"), deck(2, "mute", CC, 7, "Button", "soft-takeover"))
    assert [one.mode for one in found.bindings] == ["momentary", "toggle"]
    found.send((CC, 7, 127), (CC, 7, 127))
    assert found.travel("mute:1") == 1
    found.send((CC, 7, 0))
    assert found.travel("mute:1") == 0


def test_the_release_of_a_button_goes_with_it(box: Box) -> None:
    found = box(deck(1, "mute", OFF, 7), deck(1, "mute", ON, 7))
    assert len(found.bindings) == 1 and found.all.taken == 2
    found.send((ON, 7, 127), (OFF, 7, 0))
    assert found.travel("mute:1") == 1


def test_a_switch_does_not_go_over_and_back(box: Box) -> None:
    """The equalizer's older and newer names, for older and newer versions of Mixxx."""
    old, new = "[Channel1]", "[EqualizerRack1_[Channel1]_Effect1]"
    found = box(
        control(old, "filterLowKill", ON, 7, "button"),
        control(new, "button_parameter1", ON, 7),
        lamps=[lamp(new, "button_parameter1", ON, 7, minimum=0.5)],
        layout="eq",
    )
    assert found.all.taken == 2
    found.send((ON, 7, 127), (ON, 7, 0))
    assert found.travel("mute:2") == 1


def test_a_button_that_puts_a_fader_where_it_does_nothing(box: Box) -> None:
    found = box(deck(1, "volume", CC, 7), deck(1, "volume_set_default", ON, 8, "button"))
    found.send((CC, 7, 102), (CC, 7, 0), (ON, 8, 127))
    assert found.travel("gain:1") == pytest.approx(0.8)


def test_lamps_show_what_mixxx_would_show(box: Box) -> None:
    lamps = [
        lamp("[Channel1]", "mute", "0x90", 1, on="0x30"),  # from 0 to 1: it is always lit
        lamp("[Channel1]", "mute", "0xF0", 1, minimum=0.5),
        lamp("[Channel1]", "mute", "0xB2", 9, minimum=0.5, on="0x20", off="0x10"),
        lamp("[Channel2]", "mute", "0x190", 9, minimum=0.5),
        lamp("[Channel2]", "mute", "0x91", 9, maximum=0.1, on="0x00", off="0x64"),
        lamp("[Channel3]", "mute", "0x91", 9, minimum=0.5, on="0xFF"),
        lamp("[Channel3]", "volume", "0x91", 9, minimum=0.5),
    ]
    buttons = [deck(n, "mute", ON, n) for n in range(1, 4)]
    found = box(*volumes(3), *buttons, lamps=lamps)
    assert sorted(found.surface.feedback(100.0)) == [[0x91, 9, 0], [0xB2, 9, 0x10]]
    found.send((ON, 1, 127), (0x91, 2, 127))
    assert sorted(found.surface.feedback(200.0)) == [[0x91, 9, 0x64], [0xB2, 9, 0x20]]


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (deck(1, "Box.fader", CC, 1, "script-binding"), SCRIPTED),
        (deck(1, "volume", CC, 1, "Script-Binding", "normal"), SCRIPTED),
        (deck(1, "play", ON, 1), ELSEWHERE),
        (deck(1, "pregain", CC, 1), ELSEWHERE),
        (control("[Master]", "crossfader", "0xB0", 1), ELSEWHERE),
        (control("[Master]", "headMix", "0xB0", 1), ELSEWHERE),
        (control("[EffectRack1_EffectUnit1]", "super1", "0xB0", 1), ELSEWHERE),
        (control("[EqualizerRack1_[Channel1]_Effect2]", "parameter1", "0xB0", 1), ELSEWHERE),
        (control("Channel1", "volume", "0xB0", 1), ELSEWHERE),
        (control("", "", "", ""), ELSEWHERE),
        (control("[Sampler1]", "volume", "0xB0", 1), NO_STEM),
        (control("[Channel9]", "volume", "0xB0", 1), NO_STEM),
        (deck(1, "volume", ON, 1), NO_MESSAGE),
        (deck(1, "volume", 0xA0, 1), NO_MESSAGE),
        (deck(1, "volume", 0xC0, 1), NO_MESSAGE),
        (deck(1, "volume", CC, ""), NO_MESSAGE),
        (deck(1, "volume", CC, "0x80"), NO_MESSAGE),
        (control("[Channel1]", "volume", "", 1), NO_MESSAGE),
        (control("[Channel1]", "volume", "0x7", 1), NO_MESSAGE),
        (control("[Channel1]", "volume", "0x1B0", 1), NO_MESSAGE),
        (control("[Channel1]", "mute", "0x180", 1), NO_MESSAGE),
        (deck(1, "volume", CC, 1, "button"), NO_MESSAGE),
        (deck(1, "volume", CC, 1, "spread64"), NO_MESSAGE),
        (deck(1, "volume", CC, 1, "selectknob"), NO_MESSAGE),
        (deck(1, "mute", CC, 1, "diff"), NO_MESSAGE),
        (deck(1, "mute", PITCH, ""), NO_MESSAGE),
        (deck(1, "hotcue_1_activate", PITCH, ""), NO_MESSAGE),
        (deck(1, "volume_set_default", PITCH, ""), NO_MESSAGE),
    ],
)  # fmt: skip
def test_what_is_left_out(box: Box, left: str, reason: str) -> None:
    found = box(left, deck(3, "volume", CC, 7))
    assert [why for _, why in found.left] == [reason] and found.actions == ["gain:3"]


# Names of ports


@pytest.mark.parametrize(
    ("name", "port", "parts"),
    [
        ("Maker Box 7", "Box 7 MIDI 1", ["Maker Box 7", "Box 7"]),
        ("Maker Mixer", "MIXER-2 MIDI 1", ["Maker Mixer", "MIXER-2"]),
        ("Maker Mixer", "USB Audio Device", ["Maker Mixer"]),  # in anybody's name
        ("Maker N4", "N4 MIDI 1", ["Maker N4"]),  # in many a name
        ("Maker", "", ["Maker"]),
        ("a\u202eb" + "x" * 200, "\u202e12345", ["a b" + "x" * 77, "12345"]),
    ],
)
def test_parts_of_names(tmp_path: Path, name: str, port: str, parts: list[str]) -> None:
    found = Imported(tmp_path, mapping(*volumes(1), name=name, port=port))
    assert list(found.device.match) == parts


# Anything


GROUPS = ("[Channel1]", "[Channel2]", "[Channel3]", "[Channel1_Stem2]", "[Sampler1]", "[Master]",
          "[EqualizerRack1_[Channel1]_Effect1]", "[QuickEffectRack1_[Channel2]]", "x")  # fmt: skip
KEYS = ("volume", "mute", "pfl", "gain", "filterLow", "filterMidKill", "parameter2", "super1",
        "play", "button_parameter3", "volume_set_default", "hotcue_3_activate",
        "crossfader")  # fmt: skip
OPTIONS = ("normal", "invert", "diff", "button", "switch", "rot64inv", "fourteen-bit-msb",
           "fourteen-bit-lsb", "script-binding", "soft-takeover", "spread64")  # fmt: skip
CONTROLS = st.builds(
    control,
    st.sampled_from(GROUPS),
    st.sampled_from(KEYS),
    st.sampled_from(("0x80", "0x90", "0x91", "0xB0", "0xB1", "0xE0", "0xE1", "0xA0", "x")),
    st.sampled_from(("1", "0x21", "33", "0x40", "0x60", "127", "128", "")),
    *(st.sampled_from(("normal", *OPTIONS)) for _ in range(2)),
)
LAMPS = st.builds(
    lamp,
    st.sampled_from(GROUPS),
    st.sampled_from(KEYS),
    st.sampled_from(("0x90", "0xB1", "0x80")),
    st.sampled_from(("1", "200")),
    minimum=st.sampled_from(("0.5", "nan", "-inf", "x")),
    on=st.sampled_from(("0", "0x7f", "300", "")),
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(CONTROLS, min_size=1, max_size=40),
    st.lists(LAMPS, max_size=5),
    st.sampled_from(LAYOUTS),
    st.lists(
        st.tuples(st.integers(0x80, 0xEF), st.integers(0, 127), st.integers(0, 127)), max_size=20
    ),
)
def test_any_controls(
    tmp_path: Path, controls: list[str], lamps: list[str], layout: str, messages: list[Any]
) -> None:
    found = Imported(tmp_path, mapping(*controls, lamps=lamps), layout=layout)
    assert found.all.taken + len(found.left) == len(controls)
    assert bool(found.bindings) == bool(found.all.taken)
    if found.bindings:
        assert read_map(map_tables(found.device), "again") == found.device
        assert found.device.bindings == found.bindings
        found.send(*messages)
        found.surface.feedback(200.0)
