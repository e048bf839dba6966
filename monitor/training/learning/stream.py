"""Batches in a fixed order, made by worker processes while the network learns."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

# (N, S, S, 3) uint8 RGB and (N,) class numbers
Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def step_of(folder: Path) -> int:
    """How many batches the training whose checkpoint lies in `folder` has taken; 0 where there is
    none.
    """
    path = folder / "checkpoint.npz"
    if not path.is_file():
        return 0
    with np.load(path) as state:
        return int(state["step"])


class Stream:
    """Batches `first` to `last` - 1 in order, made by forked processes (in this one where the
    system cannot fork).

    Make it before TensorFlow is imported: a process that forks after its threads have started may
    hang. Each worker waits in `send` until its batch is taken, so that at most one batch a worker
    lies ready.
    """

    def __init__(
        self, make: Callable[[int], Batch], first: int, last: int, workers: int = 2
    ) -> None:
        self._make, self._first, self._last = make, first, last
        self._pipes: list[Connection] = []
        self._processes: list[multiprocessing.process.BaseProcess] = []
        if "fork" not in multiprocessing.get_all_start_methods():
            return
        context = multiprocessing.get_context("fork")
        # Before the fork: OpenCV's threads do not live on in the child, and ending them there waits
        # for ever.
        cv2.setNumThreads(1)
        for number in range(workers):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(
                target=_work, args=(make, theirs, range(first + number, last, workers)), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __iter__(self) -> Iterator[Batch]:
        for index in range(self._first, self._last):
            yield (
                self._pipes[(index - self._first) % len(self._pipes)].recv()
                if self._pipes
                else self._make(index)
            )

    def close(self) -> None:
        """Stop the workers."""
        for process in self._processes:
            process.terminate()
            process.join()


def _work(make: Callable[[int], Batch], pipe: Connection, indices: range) -> None:
    try:
        for index in indices:
            pipe.send(make(index))
    except (BrokenPipeError, KeyboardInterrupt):
        return
