"""From corrections at the desk to a promoted model: through the command line, on real faces."""

from __future__ import annotations

import numpy as np
import pytest
from door import callers, desk

from monitor.config import ClassifyConfig
from monitor.errors import MonitorError
from monitor.faces.classify import STATES, MaskClassifier
from monitor.learning.aliases import NAME
from monitor.learning.commands import run_learn
from monitor.learning.places import Places
from monitor.learning.registry import champion_file, read_live
from monitor.learning.runs import mlflow_client, records
from monitor.storage.store import Store

pytest.importorskip("mlflow", reason="requirements-learn.txt is not installed")
# MLflow's own use of SQLAlchemy and pydantic
pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader strategy", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def learn(*arguments: str) -> list[str]:
    said: list[str] = []
    assert run_learn(arguments, said.append) == 0
    return said


def aliases(places: Places) -> dict[str, str]:
    """What MLflow says is champion, candidate and previous."""
    client = mlflow_client(places, "")
    named = client.get_registered_model(NAME).aliases
    return {
        alias: client.get_model_version(NAME, version).tags["name"]
        for alias, version in named.items()
    }


def wrong_of(config: ClassifyConfig) -> int:
    """How many of the door's callers a model judges wrong; others than the desk has seen."""
    classifier, wrong = MaskClassifier.load(config), 0
    for caller in list(callers(100))[60:]:
        answer = classifier.probabilities(classifier.rois(caller.image, caller.box[None]))[0]
        wrong += STATES[int(answer.argmax())] is not caller.truth
    return wrong


def test_sixty_corrected_sightings_become_a_promoted_model(places: Places) -> None:
    store = Store()
    desk(store, places, 60)
    store.close()
    said = learn("train", "--promote")
    live = champion_file(places)
    assert live is not None, said
    model, path = live
    assert said[-1] == f"{model.name} is live now"
    shipped, adapted = ClassifyConfig(), ClassifyConfig(model=str(path.with_suffix("")))
    assert wrong_of(shipped) >= 10
    assert wrong_of(adapted) < wrong_of(shipped)
    assert MaskClassifier.load(adapted).name == model.name
    record = records(places)[0]
    assert (record.state, record.model, record.parent) == ("better", model.name, "mask_v5")
    assert np.array(record.confusion).sum() > 1000
    assert record.losses[-1] < record.losses[0]
    assert aliases(places) == {"champion": model.name}
    assert learn("rollback") == ["the shipped model is live again"]
    assert read_live(places).champion is None
    assert aliases(places) == {"previous": model.name}


def test_what_is_worse_is_refused_with_the_reason(places: Places) -> None:
    store = Store()
    desk(store, places, 60, lie=True)
    store.close()
    said = learn("train", "--promote")
    assert said[-1].startswith("refused: ")
    assert read_live(places).champion is None
    assert read_live(places).candidate is None
    with pytest.raises(MonitorError, match=r"there is no candidate.*was refused"):
        learn("promote")
