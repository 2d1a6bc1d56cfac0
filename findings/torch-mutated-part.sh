#!/usr/bin/env bash
# One would expect: torch.autograd.graph.allow_mutation_on_saved_tensors keeps a copy of whatever a
# gradient needs before it is overwritten, as its documentation says, or raises an error.
# What happens: it tells tensors by where they begin in memory. Where a part is overwritten that begins
# elsewhere, no copy is made, and since the usual check for changed tensors is off, the gradient is wrong
# without a word. Overwritten as a whole, or from its beginning, the same tensor gives the right one;
# outside of the context the same code raises an error.
# Why it matters: code for inference that writes into stretches of a tensor is trained with wrong gradients.
# Needs Linux on x86-64 and Python 3.11 or newer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 torch==2.13.0

"$folder/venv/bin/python" - <<'PYTHON'
from contextlib import nullcontext

import torch
from torch.autograd.graph import allow_mutation_on_saved_tensors

print(f"torch {torch.__version__}")


def gradient(part, context):
    """Of the sum of squares of 1 to 4, after which `part` of the four is tripled in place."""
    leaf = torch.arange(1.0, 5.0, requires_grad=True)
    with context:
        x = leaf * 1
        loss = x.square().sum()
        x[part].mul_(3)
        loss.backward()
    return leaf.grad.tolist()


RIGHT = [2.0, 4.0, 6.0, 8.0]
found = {}
for name, part in (("all", slice(None)), ("first half", slice(2)), ("second half", slice(2, None))):
    found[name] = gradient(part, allow_mutation_on_saved_tensors())
    print(f"{name} overwritten: {found[name]}, right is {RIGHT}")
    try:
        gradient(part, nullcontext())
    except RuntimeError as error:
        print("  outside of the context:", str(error).partition(":")[0])
    else:
        raise SystemExit("changed tensors are not noticed outside of the context any more")
assert found["all"] == found["first half"] == RIGHT, "whole tensors are not kept any more"
assert found["second half"] == [2.0, 4.0, 18.0, 24.0], "parts are noticed now"
PYTHON
