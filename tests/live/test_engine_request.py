"""An engine that takes over cuts audio as the one before it did."""

from __future__ import annotations

import pytest

from rtsep.config import NetworkConfig, StreamSpec
from rtsep.live_session.messages import EngineRequest


@pytest.mark.parametrize("mode", ["exact", "incremental"])
def test_a_settled_request_leads_to_the_same_spec(mode: str) -> None:
    network = NetworkConfig()
    spec = StreamSpec.from_seconds(network, window=2.0, hop=0.3, lookahead=0.05, mode=mode)
    asked = EngineRequest(
        model="m",
        device="cpu",
        cache=None,
        window=1,
        hop=1,
        lookahead=0,
        mode="exact",
        latency=0.0,
        adapts=True,
    )
    settled = asked.settled(spec, 0.25)
    assert (settled.latency, settled.adapts, settled.budget) == (None, True, 0.25)
    again = StreamSpec.from_seconds(
        network, window=settled.window, hop=settled.hop, lookahead=settled.lookahead,
        mode=settled.mode, refresh=settled.refresh,
    )  # fmt: skip
    assert again == spec
