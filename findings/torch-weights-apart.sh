#!/usr/bin/env bash
# One would expect: a model compiled ahead of time by AOTInductor can be told to leave its weights out
# of the package and to hand them over, whatever they are, so that several packages share them.
# What happens: on the CPU, with `freezing`, compiling ends with "Cannot access storage of
# OpaqueTensorImpl": weights that oneDNN has laid out beforehand have no storage that could be handed
# over. Packed into the library they work, and a package without weights does too, once it is given
# tensors in oneDNN's layout; but nothing public makes one of bytes.
# Why it matters: frozen weights are laid out once instead of in each call, and each package of a
# network then has all of them, 100 MB and more.
# Needs Linux on x86-64, Python 3.11 or newer and g++.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check numpy==2.4.6 torch==2.13.0

TORCHINDUCTOR_CACHE_DIR="$folder/cache" "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os
import sys

import torch

WEIGHTS = "aot_inductor.package_constants_on_disk_format"
layer = torch.nn.Linear(512, 2048).requires_grad_(False)
x = torch.randn(64, 512)
program = torch.export.export(layer, (x,))
print(f"torch {torch.__version__}, weights of {layer.weight.nbytes} bytes")


def package(name, **options):
    """Bytes of a package, or what was raised."""
    path = os.path.join(sys.argv[1], f"{name}.pt2")
    try:
        with torch.no_grad():
            torch._inductor.aoti_compile_and_package(
                program, package_path=path, inductor_configs=options
            )
    except Exception as error:
        return str(error).strip().splitlines()[0]
    return os.path.getsize(path)


apart = {"aot_inductor.package_constants_in_so": False}
found = {
    "frozen": package("frozen", freezing=True),
    "frozen, without weights": package("without", freezing=True, **apart),
    "plain, weights handed over": package("plain", **apart | {WEIGHTS: "pickle_weights"}),
    "frozen, weights handed over": package("over", freezing=True, **apart | {WEIGHTS: "pickle_weights"}),
}
for name, outcome in found.items():
    print(f"{name}: {outcome}")
frozen, without, plain, over = found.values()
expected = frozen - without > 4_000_000 and isinstance(plain, int) and "OpaqueTensorImpl" in str(over)
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
