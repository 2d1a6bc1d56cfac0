"""A head and a second node on this machine, and `rtsep` separating a library on both.

    python ray_cluster.py MODEL MUSIC OUT [actor|node]

With a last word, an actor or the second node is killed when some files are done.
"""

from __future__ import annotations

import os
import signal
import sys

import psutil
from ray.cluster_utils import Cluster

import rtsep

JOBS = 2


def main(model: str, music: str, out: str, killed: str = "") -> None:
    cluster = Cluster(initialize_head=True, head_node_args=node())
    second = cluster.add_node(**node())
    try:
        results = []
        going = rtsep.separate_library(
            music, out, model=model, device="cpu", precision="fp32", ray=cluster.address, jobs=JOBS
        )
        for result in going:
            results.append(result)
            if len(results) == 3 and killed == "actor":
                os.kill(actors()[0].pid, signal.SIGKILL)
            if len(results) == 3 and killed == "node":
                cluster.remove_node(second, allow_graceful=False)
                cluster.add_node(**node())
        assert all(result.status == "ok" for result in results), results
        print(len(results))
    finally:
        cluster.shutdown()


def node() -> dict[str, object]:
    return {
        "num_cpus": 1,
        "num_gpus": 0,
        "object_store_memory": 80 << 20,
        "include_dashboard": False,
    }


def actors() -> list[psutil.Process]:
    """By the title that Ray gives them."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "ray::Actor" in " ".join(child.cmdline())]


if __name__ == "__main__":
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    main(*sys.argv[1:])
