"""Some steps of a small network by whoever is asked for: `python learn_together.py OUT.npz STEPS
[--devices N | --cluster A,B --index I]`. Prints each epoch.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from monitor.training.command import quiet_tensorflow, run_main


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("--devices", type=int, default=1)
    parser.add_argument("--cluster", type=lambda text: text.split(","), default=[])
    parser.add_argument("--index", type=int, default=0)
    options = parser.parse_args()
    quiet_tensorflow()

    from monitor.training.learning import networks, trainer, workers
    from monitor.training.learning.settings import Settings
    from monitor.training.learning.stream import Batch

    team = workers.begin(options.devices, options.cluster, options.index)
    trainer.seed(3)
    with team.strategy.scope():
        model = networks.build("cnn_pool", 32, "none", Settings(dropout=0.0))
    schedule = trainer.Schedule(options.steps, 1e-3, warm_up=1, average=0.5)
    training = trainer.Trainer(model, schedule, options.out.with_suffix(""), workers=team)

    def batches() -> Iterator[Batch]:
        for index in range(training.step, options.steps):
            rng = np.random.default_rng(index)
            yield rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), rng.integers(0, 3, 8)

    def validate() -> float:
        print("an epoch is over", flush=True)
        return 0.5

    training.fit(batches(), 10, validate)
    np.savez(options.out, *[np.asarray(w) for w in model.get_weights()])
    return 0


if __name__ == "__main__":
    run_main(main)
