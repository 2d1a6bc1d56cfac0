"""Networks in PyTorch's own files: those that demucs publishes (`.th`), and weights alone, as
trainers save them (`.ckpt`, `.pt`). Nothing in such a file is run.

A `.th` file is a zip of tensors and one pickle, and a pickle is a program. Four fences, in order:
the zip may not unpack to more than its own size; the pickle may name only what is listed here, with
inert stand-ins for the classes of demucs and its libraries; torch's weights_only unpickler does the
rest, on a map of the file, so that no tensor can reach beyond its end; and the result is checked
for types, shapes and size like that of any other file.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from rtsep.errors import ModelError
from rtsep.weights.architecture import config_from_arguments, shown
from rtsep.weights.bare import bare_network
from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.pickle_check import SuspiciousPickle, read_pickle
from rtsep.weights.shapes import check_shapes
from rtsep.weights.state_dict import find_state, without_prefix
from rtsep.weights.tensors import widened

LARGEST_PICKLE_BYTES = 8 << 20  # the official ones stay far below one
ENCODE = "_codecs.encode"  # how protocol 2 writes bytes, of NumPy's scalars; as latin1
SLOW_CODECS = frozenset(
    {"base64", "bz2", "hex", "idna", "punycode", "quopri", "rot-13", "rot13", "uu", "zlib"}
)
HARMLESS = frozenset(
    {
        ENCODE,
        "collections.OrderedDict",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_tensor_v2",
        "torch.BFloat16Storage",
        "torch.DoubleStorage",
        "torch.FloatStorage",
        "torch.HalfStorage",
        "torch.LongStorage",
        "torch.Size",
    }
)
# Constructor arguments and training settings mention these; we need no more than their names.
REPLACED = (
    "demucs.", "numpy.", "omegaconf.", "pathlib.", "argparse.", "typing.", "ml_collections.",
    "lightning.", "lightning_fabric.", "pytorch_lightning.",
)  # fmt: skip
MODULES = "torch.nn."  # in a network that was saved as an object, with all its code


class _Inert:
    """Stands for a class of another package: takes anything, keeps nothing, does nothing."""

    full_name = ""

    def __new__(cls, *args: object) -> _Inert:
        return object.__new__(cls)

    def __init__(self, *args: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def read_torch(path: Path, signature: str) -> NetworkWeights:
    package = _load(path)
    origin = path.name
    if not isinstance(package, dict) or not {"klass", "kwargs", "state"} <= package.keys():
        return _weights_alone(package, path, signature)
    klass, args, kwargs = package["klass"], package.get("args", ()), package["kwargs"]
    if not (isinstance(klass, type) and issubclass(klass, _Inert)):
        raise ModelError(f"{origin} does not say which network it holds")
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        raise ModelError(f"{origin} does not hold the arguments of its network")
    config = config_from_arguments(klass.full_name, args, kwargs, origin)
    tensors = _tensors(package["state"], origin)
    check_shapes({name: tuple(t.shape) for name, t in tensors.items()}, config, origin)
    _check_size(tensors, path)
    return NetworkWeights(signature=signature, config=config, state=widened(tensors, origin))


def _weights_alone(content: object, path: Path, signature: str) -> NetworkWeights:
    state = find_state(content)
    if state is None:
        raise ModelError(
            f"{path.name} is a PyTorch file, but holds neither a checkpoint of demucs nor the "
            "weights of an HTDemucs"
        )
    tensors = _tensors(state, path.name)
    _check_size(tensors, path)
    return bare_network(path, signature, tensors)


def _load(path: Path) -> Any:
    import torch

    # The annotation is torch's own: lists are invariant.
    stand_ins: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
        _stand_in(name) for name in sorted(_globals(path) - HARMLESS)
    ]
    try:
        with torch.serialization.safe_globals(stand_ins):
            # Read any other way, old versions of torch believe what the pickle says of sizes.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # a damaged pickle makes the unpickler raise anything at all
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ModelError(f"{path.name} cannot be unpickled safely: {shown(reason)}") from error


def _globals(path: Path) -> set[str]:
    """Everything the pickle wants to call or construct, found without running it; or refused."""
    try:
        found = read_pickle(_pickle(path))
    except ModelError:
        raise
    except SuspiciousPickle as error:
        raise ModelError(f"{path.name} refused: {error}") from error
    except Exception as error:  # zipfile and pickletools raise many kinds for damaged bytes
        raise ModelError(f"{path.name} is not a whole PyTorch file") from error
    if any(name.startswith(MODULES) for name in found.names):
        raise ModelError(
            f"{path.name} holds a network as an object, which is code that rtsep does not run; "
            "save its state_dict() instead"
        )
    for name in sorted(found.names - HARMLESS):
        if name != "fractions.Fraction" and not name.startswith(REPLACED):
            raise ModelError(
                f"{path.name} refused: it wants to call {ascii(name)[1:-1][:80]}, "
                "which no checkpoint of demucs does"
            )
    if ENCODE in found.names and any(map(_is_slow_codec, found.texts)):
        raise ModelError(f"{path.name} refused: it wants to encode in an odd way")
    return found.names


def _is_slow_codec(text: str) -> bool:
    try:
        return codecs.lookup(text).name in SLOW_CODECS
    except Exception:  # the usual text is no codec at all
        return False


def _pickle(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        # torch.save never compresses, so nothing can unpack to more than the file's own size.
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ModelError(f"{path.name} is compressed; torch.save does not do that")
        if sum(member.file_size for member in members) > path.stat().st_size:
            raise ModelError(f"{path.name} claims to hold more than its own size")
        pickles = [item for item in members if item.filename.rpartition("/")[2] == "data.pkl"]
        if len(pickles) != 1 or pickles[0].file_size > LARGEST_PICKLE_BYTES:
            raise ModelError(f"{path.name} is a zip file, but not one of PyTorch's")
        return archive.read(pickles[0])


def _stand_in(name: str) -> tuple[Callable[..., Any], str]:
    if name == "fractions.Fraction":
        return _fraction, name
    return type(name.rpartition(".")[2], (_Inert,), {"full_name": name}), name


def _fraction(*args: object) -> Fraction:
    """Fraction itself would happily compute ten to the power of a billion from a short text."""
    match args:
        case (str(text),) if re.fullmatch(r"\d{1,9}(/\d{1,9})?", text, re.ASCII):
            return Fraction(text)
        case (int(numerator), int(denominator)) if max(abs(numerator), abs(denominator)) < 1 << 40:
            return Fraction(numerator, denominator)
    raise ValueError("not a plain fraction")


def _tensors(state: object, origin: str) -> dict[str, Any]:
    import torch

    if not isinstance(state, Mapping):
        raise ModelError(f"{origin} holds no tensors")
    if not all(isinstance(name, str) for name in state):
        raise ModelError(f"{origin} has tensors whose names are not text")
    tensors = without_prefix(state)
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise ModelError(f"{origin} holds something other than plain tensors (a quantized model?)")
    return tensors


def _check_size(tensors: Mapping[str, Any], path: Path) -> None:
    if sum(t.numel() * t.element_size() for t in tensors.values()) > path.stat().st_size:
        raise ModelError(f"{path.name}: its tensors claim to be larger than the file")
