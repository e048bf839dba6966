"""The guess at a gender: its network, its vote, and that nothing of it is there unless the settings
ask for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from fakes import (
    MASKED,
    UNDECIDED,
    FakeClassifier,
    FakeDetector,
    FakeNetwork,
    face_at,
    found,
    frame,
)
from onnx import TensorProto, helper, numpy_helper

from monitor import app
from monitor.analysis.pipeline import Pipeline
from monitor.card import sha256
from monitor.config import Config, with_values
from monitor.errors import ModelError
from monitor.faces.gender import (
    ANSWERS_MAX,
    ANSWERS_MIN,
    EVERY_S,
    GENDERS,
    GenderGuesser,
    GenderVote,
)
from monitor.records import Count, Face, FrameResult, MaskState
from monitor.storage.events import event

ROOT = Path(__file__).resolve().parents[2]


def card(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": "fake_gender",
        "task": "gender",
        "classes": ["female", "male"],
        "input": {"size": 16, "colour": "RGB", "range": [-1, 1], "layout": "NHWC"},
        "files": {},
    }
    return values | changes


def write_model(folder: Path) -> Path:
    """A real network whose `male` is the red of the face's left half: it can tell a face from its
    mirror image.
    """
    kernel = np.zeros((16, 16, 3, 2), np.float32)
    kernel[:, :8, 0, 1] = 0.1
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["faces", "flat"], ["row"]),
            helper.make_node("MatMul", ["row", "kernel"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "tiny",
        [helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 16, 16, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [
            numpy_helper.from_array(np.array([-1, 16 * 16 * 3], np.int64), "flat"),
            numpy_helper.from_array(kernel.reshape(-1, 2), "kernel"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / "tiny.onnx"
    onnx.save(model, str(path))
    files = {path.name: {"sha256": sha256(path), "bytes": path.stat().st_size}}
    path.with_suffix(".json").write_text(json.dumps(card(files=files)), encoding="utf-8")
    return path


# The network


def test_answers_come_in_the_programs_order_whatever_the_cards() -> None:
    guesser = GenderGuesser(FakeNetwork((0.8, 0.2), card()))
    assert GENDERS == ("male", "female")
    assert np.allclose(
        guesser.probabilities(np.zeros((3, 112, 112, 3), np.uint8)), [[0.2, 0.8]] * 3
    )


def test_no_face_is_no_work() -> None:
    network = FakeNetwork((0.8, 0.2), card())
    assert GenderGuesser(network).probabilities(np.empty((0, 112, 112, 3), np.uint8)).shape == (
        0,
        2,
    )
    assert network.batches == []


def test_a_face_and_its_mirror_image_get_the_same_answer_and_colours_are_rgb(
    tmp_path: Path,
) -> None:
    guesser = GenderGuesser.load(str(write_model(tmp_path)), 1)
    faces = np.zeros((2, 112, 112, 3), np.uint8)
    faces[0, :, :56, 2] = 255  # red is the third of BGR
    answers = guesser.probabilities(np.concatenate([faces, faces[:, :, ::-1]]))
    assert np.allclose(answers[:2], answers[2:], atol=1e-6)
    assert answers[0, 0] > answers[1, 0] + 0.3
    assert np.allclose(answers.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"task": "mask"}, "no gender model"),
        ({"input": {"size": 16, "colour": "BGR", "range": [-1, 1]}}, "no gender model"),
        ({"classes": ["male", "other"]}, "incomplete"),
        ({"input": {}}, "incomplete"),
    ],
)
def test_another_models_card_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        GenderGuesser(FakeNetwork((0.8, 0.2), card(**changes)))


# The vote


def voted(answers: Sequence[Sequence[float]], share: float = 1.0) -> GenderVote:
    vote = GenderVote()
    for i, answer in enumerate(answers):
        vote.add(float(i), np.array(answer, np.float32), share)
    return vote


def test_nothing_is_said_before_it_is_sure() -> None:
    assert voted([(0.99, 0.01)] * (ANSWERS_MIN - 1)).guess is None
    assert voted([(0.99, 0.01)] * ANSWERS_MIN).guess == "male"
    assert voted([(0.02, 0.98)] * ANSWERS_MIN).guess == "female"
    assert voted([(0.85, 0.15)] * ANSWERS_MAX).guess is None
    assert voted([(0.99, 0.01), (0.01, 0.99)] * ANSWERS_MIN).guess is None
    assert voted([(0.99, 0.01)] * ANSWERS_MIN, share=0.1).guess is None


def test_answers_have_an_end_and_a_pause() -> None:
    vote = voted([(0.9, 0.1)])
    assert not vote.waits(EVERY_S / 2)
    assert vote.waits(EVERY_S)
    assert not voted([(0.9, 0.1)] * ANSWERS_MAX).waits(1e6)


# The program


def run(pipeline: Pipeline, seconds: float = 6) -> list[FrameResult]:
    return [pipeline.process([frame(i / 10, index=i)])[0] for i in range(round(seconds * 10))]


def with_guesser(row: Sequence[float], answer: np.ndarray = MASKED) -> tuple[Pipeline, FakeNetwork]:
    network = FakeNetwork(row, card())
    detector, classifier = FakeDetector([found(face_at(200))]), FakeClassifier([answer])
    guesser = GenderGuesser(network)
    return Pipeline(detector, classifier, Config(), "shift", None, guesser), network  # type: ignore[arg-type]


def test_a_settled_visit_gets_its_guess_and_the_guessing_stops() -> None:
    pipeline, network = with_guesser((0.97, 0.03))
    results = run(pipeline)
    said = [r.faces[0].gender for r in results if r.faces]
    assert said[0] is None
    assert said[-1] == "female"
    assert len(network.batches) == ANSWERS_MAX


def test_what_is_not_sure_is_not_said() -> None:
    pipeline, _ = with_guesser((0.7, 0.3))
    assert {f.gender for r in run(pipeline) for f in r.faces} == {None}


def test_a_visit_whose_mask_is_not_settled_is_not_guessed_at() -> None:
    pipeline, network = with_guesser((0.97, 0.03), UNDECIDED)
    run(pipeline)
    assert network.batches == []


def test_nothing_of_it_is_written() -> None:
    pipeline, _ = with_guesser((0.97, 0.03))
    results = run(pipeline)
    last = results[-1]
    assert last.faces[0].gender == "female"
    written = json.dumps(event(last, Count()))
    assert "gender" not in written
    assert "female" not in written
    kept = repr([(r.visits, r.sightings) for r in results])
    assert "Visit" in kept
    assert "female" not in kept


def test_the_label_carries_it_as_a_question() -> None:
    from monitor.gui.picture.overlay import figure_text, label_text

    def face(gender: str | None) -> Face:
        box = np.array([0, 0, 9, 9], np.float32)
        return Face(box, 0.9, MaskState.MASKED, 0.9, MaskState.MASKED, 0.98, 1, gender=gender)

    assert label_text(face(None)) == "Masked  98 %"
    assert label_text(face("female")) == "Masked  98 %  · female?"
    assert figure_text(face("female")) == "98 %"


def options(tmp_path: Path, **gender: Any) -> app.RunOptions:
    return app.RunOptions(
        config=with_values(
            Config(), {"gender": gender, "store": {"url": f"sqlite:///{tmp_path / 'store.db'}"}}
        )
    )


def test_it_is_off_by_default_and_then_not_even_imported(tmp_path: Path) -> None:
    assert not Config().gender.show
    script = (
        "import sys; from monitor import app; from monitor.config import Config, with_values\n"
        f"config = with_values(Config(), {{'store': {{'url': "
        f"'sqlite:///{tmp_path.as_posix()}/store.db'}}}})\n"
        "parts = app.build_parts(app.RunOptions(config=config)); parts.ledger.close()\n"
        "print('monitor.analysis.pipeline' in sys.modules, 'monitor.faces.gender' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.split() == ["True", "False"]


def test_where_it_is_asked_for_its_model_is_loaded(tmp_path: Path) -> None:
    parts = app.build_parts(options(tmp_path, show=True, model=str(write_model(tmp_path))))
    try:
        assert isinstance(parts.pipeline._guesser, GenderGuesser)
    finally:
        parts.ledger.close()


def test_a_missing_model_is_said_in_one_line_and_leaves_no_store(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx is missing") as caught:
        app.build_parts(options(tmp_path, show=True, model=str(tmp_path / "none")))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "store.db").exists()
