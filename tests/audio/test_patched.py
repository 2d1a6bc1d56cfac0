"""Other rows of what is open: a stream that goes on, heard and played at other channels."""

from __future__ import annotations

import numpy as np
import pytest

from rtsep.audio.channels import Inlet, Outlet
from rtsep.audio.devices import Device
from rtsep.audio.routes import Route

CARD = Device(
    index=0, name="card", host_api="ALSA", inputs=4, outputs=4, default_rate=44_100
)  # fmt: skip
ROWS = np.arange(4 * 3, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize(("rows", "heard"), [((2, 3), (2, 3)), ((3,), (3, 3)), ((3, 1), (3, 1))])
def test_an_inlet_hears_other_rows(rows: tuple[int, ...], heard: tuple[int, ...]) -> None:
    inlet = Inlet(CARD, (2, 3))
    other = inlet.on(rows)
    assert np.array_equal(other.take(ROWS), ROWS[list(heard)])
    assert np.array_equal(inlet.take(ROWS), ROWS[2:])
    assert other.opened == inlet.opened == (0, 1, 2, 3)


def test_an_outlet_plays_other_rows_and_other_buses() -> None:
    outlet = Outlet(CARD, (Route("mix", (2, 3)),))
    routes = (Route("vocals", (0,)), Route("mix", (1, 2)))
    other = outlet.on(routes, ((3,), (1, 0)))
    played = np.full((4, 3), 9, np.float32)
    buses = other.buses(played)
    assert buses.shape == (4, 3)
    buses[:] = ROWS
    other.deliver(buses, played)
    expected = [ROWS[3], ROWS[2], np.zeros(3), (ROWS[0] + ROWS[1]) / 2]
    assert np.array_equal(played, np.array(expected))
    assert outlet.buses(played).shape == (2, 3) and outlet.routes != routes
