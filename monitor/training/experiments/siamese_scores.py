"""What `siamese` is tested by: strangers verified by cut faces, and a dense recogniser of known
people.

Neither sees a picture that the network was trained on: those verified are test people
(`splits.is_test_person`), and of the recogniser's people the pictures of `triplets.held_out` are
kept from both trainings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.records import FloatArray
from monitor.training.experiments.upper_faces import Cache, Picture, Upper
from monitor.training.identity.trials import ENROLLED, figures, trial
from monitor.training.report.metrics import rate

Encode = Callable[[Sequence[Path]], FloatArray]  # files to (N, D) float32 of unit length


def verified(
    encode: Encode, uppers: Sequence[Upper], whole: Sequence[Picture], cache: Cache
) -> dict[str, Any]:
    """rank-1 and TAR of the test people whose pictures are all there, as `identity.verify` does
    it.
    """
    ready = {upper.picture for upper in uppers}
    by_name: dict[str, list[Picture]] = {}
    for picture in whole:
        by_name.setdefault(picture.person, []).append(picture)
    people = []
    for of_person in by_name.values():
        bare = [cache.file(p) for p in of_person if p.kind == "bare"]
        if set(of_person) <= ready and len(bare) >= ENROLLED:
            people.append((bare, [cache.file(p) for p in of_person if p.kind == "masked"]))
    if len(people) < 2:
        return {"people": len(people)}
    files = [f for bare, masked in people for f in (*bare, *masked)]
    found = dict(zip(files, encode(files), strict=True))

    def of(paths: Sequence[Path]) -> FloatArray:
        return np.array([found[p] for p in paths], np.float32).reshape(-1, len(found[files[0]]))

    enrolled = [of(bare[:ENROLLED]) for bare, _ in people]
    return {
        "people": len(people),
        "cosines": cosines([of([*bare, *masked]) for bare, masked in people]),
        "rmfrd masked": figures(trial(enrolled, [of(masked) for _, masked in people], "mean")),
        "rmfrd bare": figures(trial(enrolled, [of(bare[ENROLLED:]) for bare, _ in people], "mean")),
    }


def cosines(people: Sequence[FloatArray]) -> dict[str, dict[str, float]]:
    """Mean and deviation of the cosine of every two pictures of one person, and of two people.

    Args:
        people: (N, D) float32 of unit length for each person.
    """
    vectors = np.concatenate(people)
    owner = np.repeat(np.arange(len(people)), [len(p) for p in people])
    rows, columns = np.triu_indices(len(vectors), 1)
    values = np.einsum("nd,nd->n", vectors[rows], vectors[columns])
    same = owner[rows] == owner[columns]
    return {
        name: {"mean": float(part.mean()), "std": float(part.std()), "pairs": len(part)}
        for name, part in (("same", values[same]), ("others", values[~same]))
        if len(part)
    }


def recognised(
    encode: Encode,
    known: Sequence[Picture],
    out: set[Picture],
    cache: Cache,
    seed: int,
    epochs: int = 60,
) -> dict[str, Any]:
    """Train the dense recogniser on the frozen embeddings and test it on the pictures of `out`."""
    import keras

    names = sorted({p.person for p in known})
    learn = [(cache.file(p), p) for p in known if p not in out]
    learn += [(cache.file(p, drawn=True), p) for _, p in learn if p.kind == "bare"]
    test = [p for p in known if p in out]
    if len(names) < 2 or not test:
        return {"people": len(names)}
    x, y = encode([f for f, _ in learn]), np.array([names.index(p.person) for _, p in learn])
    keras.utils.set_random_seed(seed)
    scale = keras.layers.Normalization()
    scale.adapt(x)
    hidden = [scale, keras.layers.Dense(128, "relu"), keras.layers.Dropout(0.3)]
    dense = keras.Sequential([*hidden, keras.layers.Dense(len(names), "softmax")])
    dense.compile("adam", "sparse_categorical_crossentropy")
    dense.fit(x, y, batch_size=32, epochs=epochs, verbose=0)
    answer = dense.predict(encode([cache.file(p) for p in test]), batch_size=256, verbose=0).argmax(
        axis=1
    )
    right = answer == np.array([names.index(p.person) for p in test])
    bare = np.array([p.kind == "bare" for p in test])
    return {
        "people": len(names),
        "trained_on": len(learn),
        "all": rate(right),
        "bare": rate(right[bare]),
        "masked": rate(right[~bare]),
    }


def best_known(uppers: Sequence[Upper], people: int) -> list[Picture]:
    """All pictures of the people of RMFRD with most of them, two bare and two masked at least."""
    by_name: dict[str, list[Picture]] = {}
    for upper in uppers:
        if upper.picture.dataset == "rmfrd":
            by_name.setdefault(upper.picture.person, []).append(upper.picture)
    enough = [
        n
        for n, ps in by_name.items()
        if all(sum(p.kind == k for p in ps) > 1 for k in ("bare", "masked"))
    ]
    most = sorted(enough, key=lambda n: (-len(by_name[n]), n))[:people]
    return [p for n in most for p in by_name[n]]
