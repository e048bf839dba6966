"""Who learns one network together: one device, several of this process, or several processes.

`tf.distribute` keeps a copy of the network on each device. Every batch is divided among them, the
gradients of the parts are added up, and each copy takes the same step, so that the outcome is that
of one worker but for rounding, dropout's random numbers, and batch normalisation that is trained,
which sees its part of the batch alone. Imports TensorFlow.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from monitor.errors import ConfigError, TrainingError
from monitor.training.learning.stream import Batch

JOIN_S = 180.0  # how long the processes of a cluster wait for each other at the start


@dataclass(frozen=True)
class Workers:
    """One process's part in a training. Build networks and optimizers in `strategy.scope()`."""

    strategy: tf.distribute.Strategy
    index: int = 0  # of this process
    processes: int = 1

    @property
    def writes(self) -> bool:
        """Whether this process writes what all have learnt."""
        return self.index == 0

    @property
    def copies(self) -> int:
        """Copies of the network, in all processes."""
        return int(self.strategy.num_replicas_in_sync)

    def part(self, batch: Batch) -> tuple[Any, Any]:
        """This process's part of a batch, divided among its devices.

        Raises:
            ConfigError: If the copies cannot have parts of one size.
        """
        rois, labels = batch
        if self.copies == 1:
            return tf.constant(rois), tf.constant(labels)
        if len(labels) % self.copies:
            raise ConfigError(
                f"a batch of {len(labels)} cannot be divided among {self.copies} workers: "
                f"choose a multiple"
            )
        parts = [
            (tf.constant(r), tf.constant(n))
            for r, n in zip(np.split(rois, self.copies), np.split(labels, self.copies), strict=True)
        ]
        devices = self.copies // self.processes
        mine = parts[self.index * devices : (self.index + 1) * devices]
        if devices == 1:
            return mine[0]
        spread = self.strategy.experimental_distribute_values_from_function
        return spread(lambda c: mine[c.replica_id_in_sync_group][0]), spread(
            lambda c: mine[c.replica_id_in_sync_group][1]
        )

    def step(self, take: Callable[[Any, Any], Any], batch: Batch) -> float:
        """Take a step on a batch together; returns the loss.

        Raises:
            TrainingError: If another process is gone.
        """
        with self._together():
            return float(take(*self.part(batch)))

    def total(self, gradients: Sequence[Any]) -> list[Any]:
        """The sum of all copies' gradients; call it in the copies."""
        context = tf.distribute.get_replica_context()
        return list(context.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients)))

    def local(self, value: Any) -> Any:
        """What the first copy of this process has."""
        return self.strategy.experimental_local_results(value)[0]

    def mean(self, value: float) -> float:
        """The mean over the processes: all go by one number. Waits for all of them.

        Raises:
            TrainingError: If another process is gone.
        """
        if self.processes == 1:
            return value

        @tf.function  # type: ignore[untyped-decorator]
        def mean(own: tf.Tensor) -> tf.Tensor:
            return self.strategy.reduce(
                tf.distribute.ReduceOp.MEAN, self.strategy.run(lambda: own), axis=None
            )

        with self._together():
            return float(mean(tf.constant(value, tf.float32)))

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        """What needs all processes."""
        try:
            yield
        except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError) as e:
            if self.processes == 1:
                raise
            raise TrainingError(
                "another process of the cluster is gone: start all of them again, and the training "
                "goes on from its checkpoint"
            ) from e


def alone() -> Workers:
    """The strategy in whose scope this is called; TensorFlow's own where there is none."""
    return Workers(tf.distribute.get_strategy())


def begin(devices: int = 1, cluster: Sequence[str] = (), index: int = 0) -> Workers:
    """Take one's place; call it before TensorFlow does anything else in this process. With a
    cluster it waits until all its processes are there.

    Args:
        devices: Copies of the network in this process: on as many GPUs or, without any, on parts
            of the processor.
        cluster: HOST:PORT of every process, in the same order in all of them; the first writes.
        index: This process's place in `cluster`.

    Raises:
        ConfigError: If there are too few GPUs, or no such place.
    """
    if cluster:
        return _join(cluster, index)
    if devices == 1:
        return alone()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and len(gpus) < devices:
        raise ConfigError(f"--devices {devices}: there are {len(gpus)} GPUs here")
    if not gpus:
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * devices,
        )
    kind = "GPU" if gpus else "CPU"
    return Workers(tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(devices)]))


def _join(cluster: Sequence[str], index: int) -> Workers:
    if not 0 <= index < len(cluster):
        raise ConfigError(f"--index {index}: the cluster has the places 0 to {len(cluster) - 1}")
    # how TensorFlow is told; see its guide on training with several workers
    os.environ["TF_CONFIG"] = json.dumps(
        {"cluster": {"worker": list(cluster)}, "task": {"type": "worker", "index": index}}
    )
    late = threading.Timer(JOIN_S, _leave, (len(cluster),))  # TensorFlow waits without an end
    late.daemon = True
    late.start()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    late.cancel()
    return Workers(strategy, index, len(cluster))


def _leave(processes: int) -> None:
    print(
        f"not all {processes} processes of the cluster came within {JOIN_S:.0f} s: see that each "
        f"is started with the same --cluster and its own --index, and that their ports are open",
        file=sys.stderr,
        flush=True,
    )
    os._exit(2)
