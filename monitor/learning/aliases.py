"""What is champion, candidate and previous, told to MLflow's registry of models as aliases.

`live.json` alone decides what is live; MLflow is a mirror for whoever looks there. A fault of it
costs nothing but that.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any

from monitor.learning.places import Places
from monitor.learning.registry import Registered, read_live
from monitor.learning.runs import mlflow_client

log = logging.getLogger(__name__)

NAME = "mask-monitor-mask"  # of the registered model
ALIASES = ("champion", "candidate", "previous")


def mirror_aliases(places: Places, server: str) -> None:
    """Set the aliases as the registry has them now. Takes seconds; any thread.

    Does nothing where MLflow is not installed or was told of no training yet.
    """
    there = bool(server) or (places.runs / "mlflow.db").is_file()
    if not there or find_spec("mlflow") is None:
        return
    try:
        _mirror(places, mlflow_client(places, server))
    except Exception as error:  # MLflow raises whatever its parts raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        log.warning("what is live could not be told to MLflow (%s)", reason)


def _mirror(places: Places, client: Any) -> None:
    live = read_live(places)
    if not client.search_registered_models(f"name = '{NAME}'"):
        client.create_registered_model(NAME)
    there = dict(client.get_registered_model(NAME).aliases)
    for alias in ALIASES:
        model: Registered | None = getattr(live, alias)
        if model is not None:
            version = _version(places, client, model)
            if there.get(alias) != version:
                client.set_registered_model_alias(NAME, alias, version)
        elif alias in there:  # the shipped model, or nothing
            client.delete_registered_model_alias(NAME, alias)


def _version(places: Places, client: Any, model: Registered) -> str:
    """MLflow's version of a model, made where it has none."""
    for known in client.search_model_versions(f"name = '{NAME}'"):
        if known.tags.get("sha256") == model.sha256:
            return str(known.version)
    made = client.create_model_version(
        NAME,
        source=(places.models / f"{model.name}.onnx").as_uri(),
        tags={"name": model.name, "sha256": model.sha256},
    )
    return str(made.version)
