"""The closed set's own head: dense softmax on the frozen embeddings that the program makes of a
face, an output for each person and one for nobody.

The nobody is learnt from strangers (`strangers`). The papers' softmax networks have no such output:
their probabilities share 1 out among the people that they know, so that a stranger, too, is very
probably one of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from monitor.identity.embed import Embedder
from monitor.records import FloatArray
from monitor.training.experiments.few_report import Lesson
from monitor.training.pictures.faces import Faces

COPIES = 8  # of each learnt face, flipped, shifted and turned
# Of the loss against the squared weights; embeddings have length 1, so that weights must be large.
STRENGTH = 100.0


def learn(
    embedder: Embedder, taught: Lesson, copies: Faces, strangers: Faces, people: int
) -> LogisticRegression:
    """The dense layer, the same in each run.

    Args:
        embedder: Stays as it is.
        taught: The people's faces.
        copies: (K N, 112, 112, 3) of `taught.faces`, augmented, all of them again and again.
        strangers: (M, 112, 112, 3) of nobody.
        people: How many people.
    """
    faces = np.concatenate([taught.faces, copies, strangers])
    times = 1 + len(copies) // len(taught.faces)
    truth = np.concatenate([np.tile(taught.person, times), np.full(len(strangers), people)])
    dense = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=2000)
    return dense.fit(embedder.embed(faces), truth)


def probabilities(dense: LogisticRegression, embeddings: FloatArray) -> FloatArray:
    """(N, D) to (N, people + 1), nobody last."""
    answer: npt.NDArray[np.float64] = dense.predict_proba(embeddings)
    return answer.astype(np.float32)


def as_network(dense: LogisticRegression) -> Any:
    """The same as a Keras model, (N, D) -> (N, people + 1), for export."""
    import keras

    inputs = keras.Input((dense.coef_.shape[1],), name="embeddings")
    layer = keras.layers.Dense(len(dense.coef_), activation="softmax", name="probabilities")
    model = keras.Model(inputs, layer(inputs), name="dense")
    layer.set_weights([dense.coef_.T.astype(np.float32), dense.intercept_.astype(np.float32)])
    return model
