"""`rtsep models`: which models there are, fetching them, bringing one's own, finding the files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtsep.cli.common.options import cache_option, naming_options

if TYPE_CHECKING:
    from rtsep.weights.cache import Cache
    from rtsep.weights.listing import ModelSummary

# Everything else is imported where it is used: `rtsep --help` must not wait for torch or rich.


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """List, fetch and import models. Without a command: list."""
    if context.invoked_subcommand is None:
        # A context of its own, so that the options' environment variables count.
        with list_models.make_context("list", [], parent=context) as inner:
            list_models.invoke(inner)


@models.command("list")
@cache_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
def list_models(cache: Path | None, as_json: bool) -> None:
    """Show the official models and your own."""
    from rtsep.weights.listing import summaries

    store = _open(cache)
    found = summaries(store)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(model) for model in found], indent=2))
    else:
        _print_table(found)
        click.echo(f"\nCached in {store.folder}; `rtsep models pull NAME` fetches a model.")


@models.command("pull", short_help="Fetch an official model, for times without a network.")
@click.argument("name")
@cache_option
def pull_model(name: str, cache: Path | None) -> None:
    """Fetch the official model NAME, so that it is there without a network."""
    from rtsep.cli.common.progress import RichObserver

    store = _open(cache)
    with RichObserver(f"looking for {name}") as observer:
        from rtsep.weights.resolve import pull

        pull(name, store, observer)
    click.echo(f"{name} is in {store.folder}")


@models.command("import", short_help="Check a file with weights and keep it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--name",
    metavar="NAME",
    help="What to call it.  [default: the file's name without its suffix]",
)
@naming_options
@cache_option
def import_model(
    file: Path,
    name: str | None,
    cache: Path | None,
    named: tuple[str, ...] | None,
    complete: bool | None,
) -> None:
    """Check FILE (.safetensors, .th, .ckpt, .onnx of HTDemucs) and keep it. Nothing in it is
    executed. What trainers write into a yaml beside FILE is read too."""
    from rtsep.cli.common.progress import RichObserver

    store = _open(cache)
    with RichObserver(f"checking {file}") as observer:
        from rtsep.weights.importing import import_file

        stored = import_file(file, name, store, observer, stems=named, complete=complete)
    click.echo(f"{file} is kept for {stored} in {store.folder}")


@models.command("path", short_help="Print where models are kept, or the files of one.")
@click.argument("name", required=False)
@cache_option
def show_path(name: str | None, cache: Path | None) -> None:
    """Print the folder where models are kept, or the files of the model NAME."""
    from rtsep.errors import ModelError
    from rtsep.weights.registry import DELTAS, NAMES, delta_file, unknown_model

    store = _open(cache)
    if name is None:
        click.echo(store.folder)
        return
    kept = DELTAS.get(name, name)
    if kept not in store.models():
        if name in NAMES:
            raise ModelError(f"{name} is not stored here; fetch it with `rtsep models pull {name}`")
        raise unknown_model(name, store.models())
    for path in store.model_paths(kept):
        click.echo(path)
    if name in DELTAS:
        click.echo(delta_file(name))


def _open(folder: Path | None) -> Cache:
    from rtsep.weights.cache import Cache, default_folder

    return Cache(folder or default_folder())


def _print_table(found: list[ModelSummary]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    right: dict[str, Any] = {"justify": "right"}
    table.add_column("model", no_wrap=True)
    table.add_column("stems")
    table.add_column("networks", **right)
    table.add_column("parameters", **right)
    table.add_column("size", **right)
    table.add_column("cached")
    for model in found:
        table.add_row(
            model.name,
            " ".join(model.stems),
            str(model.networks),
            f"{model.parameters / 1e6:.1f} M",
            f"{model.size_bytes / 1e6:.0f} MB",
            "yes" if model.cached else "no",
        )
    Console().print(table, markup=False)
