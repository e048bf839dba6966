"""The training loop repeats itself, stopped or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow warns about itself

STEPS, EPOCH = 6, 2


def train(folder: Path, stop_after: int | None = None) -> list[np.ndarray]:
    """Weights after `STEPS` from nothing or from the checkpoint in `folder`; broken off in the
    epoch after `stop_after`.
    """
    from monitor.training.learning import networks, trainer
    from monitor.training.learning.settings import Settings
    from monitor.training.learning.stream import Batch

    trainer.seed(3)
    model = networks.build("cnn_pool", 32, "none", Settings(dropout=0.5))
    training = trainer.Trainer(model, trainer.Schedule(STEPS, 1e-3, warm_up=1), folder)

    def batches() -> Iterator[Batch]:
        for index in range(training.step, STEPS):
            if stop_after is not None and index > stop_after:
                raise KeyboardInterrupt
            rng = np.random.default_rng(index)
            yield rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), rng.integers(0, 3, 8)

    training.fit(batches(), EPOCH, lambda: 0.5)
    return [np.asarray(w) for w in model.get_weights()]


@pytest.mark.long
def test_two_runs_are_the_same_to_the_bit_even_if_one_was_stopped(tmp_path: Path) -> None:
    once = train(tmp_path / "once")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "twice", stop_after=EPOCH)
    twice = train(tmp_path / "twice")
    assert all(np.array_equal(a, b) for a, b in zip(once, twice, strict=True))


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    train(tmp_path)
    with np.load(tmp_path / "checkpoint.npz") as state:
        smaller = {key: state[key] for key in state if key != "m3"}
    np.savez(tmp_path / "checkpoint.npz", **smaller)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="remove its folder"):
        train(tmp_path)
