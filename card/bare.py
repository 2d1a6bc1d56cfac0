"""What the bare machine is taken to have, and the wheels that it lacks.

Taken for granted is what machines for training usually have: PyTorch for CUDA and the packages
around it. `tests/kit` runs the kit with these and nothing else.
"""

from __future__ import annotations

PYTHON = "3.12"
# Of glibc, which wheels name: pip compares literally, so every version up to the machine's.
NEWEST_GLIBC = 39

PRESENT = """
anyio certifi click einops filelock fsspec h11 hf-xet httpcore httpx huggingface-hub idna iniconfig
jinja2 markdown-it-py markupsafe mdurl ml-dtypes mpmath networkx numpy onnx packaging pip pluggy
protobuf psutil pygments pytest pytest-timeout pyyaml rich safetensors setuptools shellingham sympy
torch tqdm triton typer typing-extensions
"""
# Not here: what live sessions need (devices, MIDI, terminal), and sphn, 18 MB, with which demucs
# reads files.
WHEELS = (
    "demucs==4.1.0",
    "julius==0.2.8",
    "lameenc==1.9.0",
    "soundfile==0.14.0",
    "cffi==2.1.1",
    "pycparser==3.12",
    "soxr==1.1.0",
    "platformdirs==4.14.8",
)


def download_options(*, here: bool) -> list[str]:
    """For `pip download`; `here` is for the machine that packs."""
    options = ["--no-deps", "--only-binary=:all:"]
    if here:
        return options
    options += ["--python-version", PYTHON, "--implementation", "cp"]
    names = [f"manylinux_2_{minor}" for minor in range(5, NEWEST_GLIBC + 1)]
    for name in [*names, "manylinux2014", "manylinux2010", "manylinux1"]:
        options += ["--platform", f"{name}_x86_64"]
    return options
