"""Upper halves of faces before a frozen backbone, which stands in for SFace here."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.experiments import siamese, upper_sface

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

NUMBERS = 4


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    """Means of the template's quarters, red alone: (N, 112, 112, 3) 0..255 -> (N, 4)."""
    faces = keras.Input((112, 112, 3))
    quarters = keras.layers.AveragePooling2D(56)(faces)[..., 0]
    keras.Model(faces, keras.layers.Flatten()(quarters)).save(tmp_path / "faces.keras")
    return tmp_path / "faces.keras"


def test_the_upper_half_lies_above_and_the_rest_is_grey(backbone: Path) -> None:
    model = upper_sface.build(backbone, NUMBERS)
    halves = np.stack([np.full((160, 160, 3), v, np.float32) for v in (-1.0, 0.0, 1.0)])
    black, grey, white = np.asarray(model(halves, training=False))
    for embedding in (black, grey, white):
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
    assert grey == pytest.approx([0.5] * 4, abs=1e-5)  # the face ends where grey begins
    assert black[:2].max() < black[2:].min()
    assert white[:2].min() > white[2:].max()


def test_only_the_projection_learns_and_it_begins_as_the_backbone(backbone: Path) -> None:
    model = upper_sface.build(backbone, NUMBERS)
    assert {tuple(w.shape) for w in model.trainable_weights} == {(4, 4), (4,)}
    kernel, offset = model.get_layer("logits").get_weights()
    assert (kernel == np.eye(4)).all()
    assert (offset == 0).all()


def test_what_is_no_such_backbone_is_refused(backbone: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not SFace"):
        siamese.build("sface", str(backbone))  # 4 numbers, not 128
    with pytest.raises(ConfigError, match="cannot be loaded"):
        siamese.build("sface", str(tmp_path / "none.keras"))
    with pytest.raises(ConfigError, match="give it with --weights"):
        siamese.build("sface", "none")
