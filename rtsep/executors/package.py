"""A computation recorded once, compiled for this processor, and kept as a file (AOTInductor).

Compiling fuses what lies between the convolutions and matrix products, lays their weights out as
the processor wants them, and leaves Python out altogether. It takes minutes and a C++ compiler;
loading takes a fraction of a second and neither. A package is native code: load none but those that
were compiled here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from packaging.version import Version
from torch import Tensor

from rtsep.errors import CompileError
from rtsep.executors.constants import Constants
from rtsep.executors.executor import Executor, Function
from rtsep.executors.records import Record

_NAME = "model"  # the one that PyTorch expects in a package
_CONSTANTS = "constants.json"  # names and `Record`s of what a package does not have in it
# What 2.8 compiles gives other sound than the step itself, without a word; not tried in between.
OLDEST_TRUSTED = (2, 13)


class Package:
    """A compiled function of a block and of state, which it changes in place."""

    def __init__(self, path: Path, constants: Constants) -> None:
        """Raises CompileError for anything but a package whose constants are there."""
        records = read_records(path)
        try:
            self._loader = torch._C._aoti.AOTIModelPackageLoader(str(path), _NAME, False, 1, -1)
        except RuntimeError as error:
            raise CompileError(f"{path} is no compiled step: {_first_line(error)}") from error
        # The package points at them and does not own them.
        self._constants = {name: constants.load(record) for name, record in records.items()}
        self._loader.load_constants(self._constants, False, True, True)

    def on(self, state: Sequence[Tensor]) -> Executor:
        """Runs the function on this state, tensors like those it was compiled with."""
        tensors = list(state)

        def run(block: Tensor) -> Tensor:
            # Kernels take strides for granted; a block is often a slice of something longer.
            (out,) = self._loader.run([block.contiguous(), *tensors])
            return out

        return run


@torch.no_grad()
def write_package(
    function: Function, block: Tensor, state: Sequence[Tensor], path: Path, constants: Constants
) -> None:
    """Compile `function` for the CPU. It is called once, with `block`.

    `state` are all tensors that it reads or writes and that change from call to call. Other tensors
    are kept among `constants`. Raises CompileError without a C++ compiler, with a PyTorch that is
    not known to compile right, or when it fails.
    """
    from torch._inductor.package.package import package_aoti
    from torch._inductor.utils import fresh_cache
    from torch.fx.experimental.proxy_tensor import make_fx

    _check_pytorch()
    _check_compiler()
    operations = make_fx(lambda block, *state: function(block))(block, *state)
    # Hundreds of megabytes of intermediate files go with the folder.
    with (
        tempfile.TemporaryDirectory(prefix="rtsep-") as folder,
        _quiet(),
        fresh_cache(dir=folder),
        _constants_of_the_graph() as found,
    ):
        try:
            program = torch.export.export(operations, (block, *(t.clone() for t in state)))
            files: Any = torch._inductor.aot_compile(
                program.module(),
                program.example_inputs[0],
                options={
                    "aot_inductor.package": True,
                    "aot_inductor.package_constants_in_so": False,
                    "freezing": True,  # weights are constants, and are laid out beforehand
                    "cpp.dynamic_threads": True,  # as many as there may be when it runs
                    "aot_inductor.compile_wrapper_opt_level": "O0",  # it only calls kernels
                },
            )
        except Exception as error:  # of PyTorch, of the compiler, of the system: all sorts
            raise CompileError(
                f"the step could not be compiled ({type(error).__name__}: {_first_line(error)}); "
                "--executor eager does without"
            ) from error
        needed = [file for file in files if not file.endswith(".cpp")]
        package = f"{folder}/{_NAME}.pt2"
        package_aoti(package, {_NAME: needed})
        records = {name: constants.keep(tensor).to_json() for name, tensor in found.items()}
        with zipfile.ZipFile(package, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_CONSTANTS, json.dumps(records))
        shutil.move(package, path)


def read_records(path: Path) -> dict[str, Record]:
    """By the names that the package has for them. Raises CompileError for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            records = json.loads(archive.read(_CONSTANTS))
        return {name: Record.from_json(fields) for name, fields in records.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise CompileError(f"{path} is no compiled step: {_first_line(error)}") from error


@contextlib.contextmanager
def _constants_of_the_graph() -> Iterator[dict[str, Tensor]]:
    """Filled with what PyTorch leaves out of a package that it compiles meanwhile. It hands such
    tensors out only if none of them is laid out by oneDNN; here most are."""
    from torch._inductor.codecache import AotCodeCompiler

    found: dict[str, Tensor] = {}
    compile_graph = AotCodeCompiler.compile

    def compile_and_tell(graph: Any, *args: Any, **options: Any) -> Any:
        names = [name for name in graph.constants if name not in graph.folded_constants]
        found.update({name: graph.get_original_value_of_constant(name) for name in names})
        return compile_graph(graph, *args, **options)

    with mock.patch.object(AotCodeCompiler, "compile", compile_and_tell):
        yield found


def _check_pytorch() -> None:
    if Version(torch.__version__).release < OLDEST_TRUSTED:
        oldest = ".".join(map(str, OLDEST_TRUSTED))
        raise CompileError(
            f"PyTorch {torch.__version__} is not trusted to compile: steps that 2.8 compiled sound "
            f"wrong; pip install 'torch>={oldest}', or go without: --executor eager"
        )


def _check_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler as error:
        raise CompileError(
            "compiling needs a C++ compiler and none was found; install one "
            "(Debian and Ubuntu: apt install g++) or set CXX"
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what the compiler has to say to those who develop it."""
    logger = logging.getLogger("torch._inductor")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
