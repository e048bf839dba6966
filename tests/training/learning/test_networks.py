"""Every network of the papers has the same input and output, and never asks the network for
weights.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.training.learning import backbone, listed, networks

# Keras 3.15 with numpy 2.4, on saving weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def no_weights_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(networks, "WEIGHTS_DIR", tmp_path / "weights")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.mark.parametrize(
    ("name", "size"),
    [("mobilenetv2", 64), ("efficientnet_lite0", 64), ("cnn_pool", 120), ("cnn_bn", 64)],
)
def test_gives_logits(name: str, size: int) -> None:
    model = networks.build(name, size, "none")
    x = np.linspace(-1, 1, 2 * size * size * 3, dtype=np.float32).reshape(2, size, size, 3)
    logits = model(x).numpy()
    assert logits.shape == (2, 3)
    assert np.isfinite(logits).all()
    assert (model.input_shape, networks.parameters(model) > 100_000) == (
        (None, size, size, 3),
        True,
    )


def test_sigmoid_network_normalises_its_sigmoids() -> None:
    model = networks.build("cnn_bn", 48, "none")
    x = np.zeros((1, 48, 48, 3), np.float32)
    sigmoid = np.exp(model(x).numpy())
    assert ((sigmoid > 0) & (sigmoid < 1)).all()  # each output is the logarithm of a sigmoid


@pytest.mark.parametrize(
    ("convert", "red", "expected"),
    [
        (backbone.caffe, 255.0, [0 - 103.939, 0 - 116.779, 255 - 123.68]),
        (backbone.torch, 255.0, [(1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0 - 0.406) / 0.225]),
    ],
)
def test_own_preprocessing_is_inside(convert: object, red: float, expected: list[float]) -> None:
    import keras

    inputs = keras.Input((2, 2, 3))
    model = keras.Model(inputs, convert(inputs))  # type: ignore[operator]
    pixel = np.array([red, 0, 0], np.float32) / 127.5 - 1
    assert model(np.broadcast_to(pixel, (1, 2, 2, 3))).numpy()[0, 0, 0] == pytest.approx(
        expected, abs=1e-3
    )


@pytest.mark.parametrize(
    "name", ["mobilenetv2", "resnet50", "densenet121", "xception", "inceptionv3", "vgg19"]
)
def test_missing_imagenet_weights_are_named_with_their_place(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        networks.build(name, 128, "imagenet")
    message = str(caught.value)
    assert networks.info_of(name).files[0] in message
    assert str(tmp_path / "keras" / "models") in message
    assert "\n" not in message


def test_imagenet_weights_are_found_in_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "keras" / "models"
    cache.mkdir(parents=True)
    first = networks.build("mobilenetv2", 64, "none")
    first.get_layer("backbone").save_weights(tmp_path / "b.weights.h5")
    (tmp_path / "b.weights.h5").rename(cache / networks.info_of("mobilenetv2").files[0])
    second = networks.build("mobilenetv2", 64, "imagenet")
    for a, b in zip(
        first.get_layer("backbone").get_weights(),
        second.get_layer("backbone").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_a_whole_model_can_be_the_start(tmp_path: Path) -> None:
    first = networks.build("cnn_bn", 48, "none")
    first.save(tmp_path / "m.keras")
    second = networks.build("cnn_bn", 48, tmp_path / "m.keras")
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("mobilnetv2", 96, "none"), "did you mean mobilenetv2"),
        (("cnn_pool", 120, "imagenet"), "use --weights none"),
        (("xception", 64, "none"), "71 px"),
        (("mobilenetv2", 96, "nowhere.h5"), "nowhere.h5"),
    ],
)
def test_mistakes_are_named(arguments: tuple[str, int, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        networks.build(*arguments)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    networks.build("cnn_bn", 48, "none").save(tmp_path / "m.keras")
    with pytest.raises(ConfigError, match="do not fit"):
        networks.build("cnn_pool", 48, tmp_path / "m.keras")


def test_a_damaged_weight_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.weights.h5").write_bytes(b"not a weight file")
    with pytest.raises(ConfigError, match="do not fit"):
        networks.build("cnn_bn", 48, tmp_path / "m.weights.h5")


ADDED = """
from keras import layers
from monitor.training.learning.listed import NetworkInfo

NETWORK = NetworkInfo(title="One dense layer", paper="nobody's", size=40)


def logits(inputs, settings):
    return layers.Dense(settings.classes, name="logits")(layers.Flatten()(inputs))
"""


def test_a_network_is_added_by_its_file_alone(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    import monitor.training.learning.architectures as package
    from monitor.training.experiments import compare

    (tmp_path / "tiny_dense.py").write_text(ADDED)
    package.__path__.append(str(tmp_path))
    request.addfinalizer(lambda: package.__path__.remove(str(tmp_path)))
    assert listed.names()[0] == "mobilenetv2"
    assert listed.infos()["tiny_dense"].title == "One dense layer"
    assert "tiny_dense" in compare.parser().parse_args(["--data", "d"]).networks
    assert networks.build("tiny_dense", weights="none").output_shape == (None, 3)
    sys.modules.pop(f"{package.__name__}.tiny_dense")


def test_listing_networks_loads_none_of_them() -> None:
    script = (
        "import sys; from monitor.training.learning import listed; print(*listed.names());"
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) >= 8


def test_arrays_of_another_program_reach_their_layers(tmp_path: Path) -> None:
    from monitor.training.learning import trainer

    model = networks.build("efficientnet_lite0", 64, "none")
    inside = model.get_layer("backbone")
    rng = np.random.default_rng(0)
    # PyTorch's layout: output channels first
    arrays = {
        "_conv_stem.weight": (32, 3, 3, 3),
        "_conv_head.weight": (1280, 320, 1, 1),
        "_blocks.3._depthwise_conv.weight": (144, 1, 5, 5),
    }
    saved = {name: rng.normal(size=shape) for name, shape in arrays.items()}
    from monitor.training.learning.architectures import efficientnet_lite0 as network

    for layer in inside.layers:
        if layer.weights:
            name = network._torch_name(layer.name)
            parts = [np.array(w) for w in layer.get_weights()]
            if len(parts) == 4:
                names = ("weight", "bias", "running_mean", "running_var")
                saved |= {f"{name}.{k}": w + 1 for k, w in zip(names, parts, strict=True)}
            else:
                order = (2, 3, 0, 1) if "depthwise" in layer.name else (3, 2, 0, 1)
                saved.setdefault(f"{name}.weight", parts[0].transpose(order))
    np.savez(tmp_path / "arrays.npz", **saved)
    networks.load_weights(model, tmp_path / "arrays.npz")
    kernel = inside.get_layer("stem").get_weights()[0]
    assert kernel[0, 1, 2, 5] == pytest.approx(saved["_conv_stem.weight"][5, 2, 0, 1], abs=1e-6)
    deep = inside.get_layer("block_3_depthwise").get_weights()[0]
    wanted = saved["_blocks.3._depthwise_conv.weight"][7, 0, 4, 1]
    assert deep[4, 1, 7, 0] == pytest.approx(wanted, abs=1e-6)
    assert inside.get_layer("head_bn").get_weights()[0][0] == 2
    trainer.freeze(model, 3)
    assert not inside.get_layer("stem").trainable
    assert not inside.get_layer("block_2_expand").trainable
    assert inside.get_layer("block_3_expand").trainable
    assert not inside.get_layer("block_9_expand_bn").trainable
    with pytest.raises(ConfigError, match="do not fit network mobilenetv2"):
        networks.load_weights(networks.build("mobilenetv2", 64, "none"), tmp_path / "arrays.npz")
