#!/usr/bin/env bash
# One would expect: an operator of PyTorch gives the same for equal tensors, however their values lie in
# memory, or raises an error for those that it cannot take.
# What happens: onednn::qlinear_prepack, which brings the 8-bit weights of a linear layer into oneDNN's
# order, reads the memory of a transposed weight as if it were not, and packs other weights without a
# word. Transposed inputs of the product, and weights and inputs of 8-bit convolutions, are taken right.
# Why it matters: weights that were permuted, or come from a network in another memory format, keep
# their strides through scaling, rounding and conversion, and the layer then computes noise.
# Needs Linux on x86-64 and Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 torch==2.13.0

"$folder/venv/bin/python" - <<'PYTHON'
import torch
import torch.nn.functional as F

torch.manual_seed(0)
print(f"torch {torch.__version__}")


def transposed(x):
    """An equal tensor whose last two axes lie the other way round in memory."""
    return x.transpose(-1, -2).contiguous().transpose(-1, -2)


def linear(x, weight):
    packed = torch.ops.onednn.qlinear_prepack(weight, list(x.shape))
    outputs = len(weight)
    return torch.ops.onednn.qlinear_pointwise(
        x, 1.0, 0, packed, torch.ones(outputs), torch.zeros(outputs, dtype=torch.int32), None,
        1.0, 0, torch.float32, "none", [], "",
    )


def convolution(x, weight):
    shape = [1, 1], [0, 0], [1, 1], 1
    packed = torch.ops.onednn.qconv_prepack(weight, torch.ones(len(weight)), 1.0, 0, *shape, None)
    return torch.ops.onednn.qconv_pointwise(
        x, 1.0, 0, packed, torch.ones(len(weight)), torch.zeros(len(weight), dtype=torch.int32),
        None, *shape, 1.0, 0, torch.float32, "none", [], "",
    )


def check(name, compute, exact, x, weight):
    """Relative error with either tensor as it is and transposed in memory."""
    want = exact(x.float(), weight.float())
    errors = []
    for each in ((x, weight), (transposed(x), weight), (x, transposed(weight))):
        assert torch.equal(each[0], x) and torch.equal(each[1], weight)
        errors.append(float((compute(*each) - want).norm() / want.norm()))
    print(f"{name}: error {errors[0]:.3f}, with transposed inputs {errors[1]:.3f}, "
          f"with a transposed weight {errors[2]:.3f}")
    return errors


drawn = lambda low, high, *shape, dtype: torch.randint(low, high, shape, dtype=dtype)
of_linear = check("linear", linear, F.linear,
                  drawn(0, 50, 8, 32, dtype=torch.uint8), drawn(-50, 50, 64, 32, dtype=torch.int8))
of_conv = check("convolution", convolution, F.conv2d,
                drawn(0, 50, 1, 32, 8, 8, dtype=torch.uint8), drawn(-50, 50, 64, 32, 3, 3, dtype=torch.int8))
assert max(of_conv) == 0, "8-bit convolutions do not take strides any more"
assert of_linear[:2] == [0, 0] and of_linear[2] > 0.5, "qlinear_prepack reads strides now"
PYTHON
