"""Expected names and shapes are those of demucs itself, in the same order or not."""

from __future__ import annotations

import pytest
from demucs.htdemucs import HTDemucs
from weights_support import SMALL, demucs_arguments

from rtsep.config import STEMS_6, NetworkConfig
from rtsep.errors import ModelError
from rtsep.weights.shapes import check_shapes, expected_shapes

CONFIGS = {
    "small": SMALL,
    "six stems, no bottleneck": NetworkConfig(
        stems=STEMS_6, channels=8, bottom_channels=0, t_heads=4
    ),
    "magnitudes": NetworkConfig(channels=8, bottom_channels=32, t_heads=4, cac=False),
    "mono, shallow, tripled": NetworkConfig(
        audio_channels=1, channels=8, growth=3, depth=3, nfft=1024, bottom_channels=32, t_heads=2
    ),
    "deep": NetworkConfig(
        stems=("a", "b"), channels=8, depth=5, nfft=8192, bottom_channels=16, t_heads=4, t_layers=1
    ),
    "no multiple of the compression": NetworkConfig(channels=12, bottom_channels=32, t_heads=4),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_shapes_are_those_of_demucs(config: NetworkConfig) -> None:
    module = HTDemucs(**demucs_arguments(config))
    assert expected_shapes(config) == {
        name: tuple(tensor.shape) for name, tensor in module.state_dict().items()
    }


def test_other_tensors_are_refused_in_one_line() -> None:
    found = dict(list(expected_shapes(SMALL).items())[5:])
    found |= {f"extra.{index}": (1,) for index in range(4)}
    found["freq_emb.embedding.weight"] = (1, 2)
    with pytest.raises(ModelError) as info:
        check_shapes(found, SMALL, "file.th")
    message = str(info.value)
    assert message.startswith("file.th: ") and "\n" not in message
    assert "5 missing (encoder.0.conv.weight, " in message
    assert "4 unexpected (extra.0, extra.1, extra.2, ...)" in message
    assert "freq_emb.embedding.weight is (1, 2) where (512, 8) belongs" in message
