"""What is told, and under which topic: names and JSON alone, nothing is sent from here.

    PREFIX/DESK/status                 online, offline (the last will)
    PREFIX/DESK/count                  the shift's count of all cameras
    PREFIX/DESK/sighting               the newest version of the last sighting
    PREFIX/DESK/camera/CAMERA/count    the same of one camera
    PREFIX/DESK/camera/CAMERA/state    what a camera shows, and since when

All are retained. Home Assistant finds them by its discovery messages
(DISCOVERY/sensor/…/config).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from monitor.records import Condition, Count, MaskState, Sighting
from monitor.storage.compliance import compliance

ONLINE, OFFLINE = "online", "offline"


def part(name: str) -> str:
    """A name as one level of a topic. Names that differ stay different."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    if plain == name and name:
        return name
    return f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one desk."""

    prefix: str
    desk: str

    @property
    def root(self) -> str:
        return f"{self.prefix}/{part(self.desk)}"

    @property
    def status(self) -> str:
        return f"{self.root}/status"

    @property
    def count(self) -> str:
        return f"{self.root}/count"

    @property
    def sighting(self) -> str:
        return f"{self.root}/sighting"

    def camera_count(self, camera: str) -> str:
        return f"{self.root}/camera/{part(camera)}/count"

    def camera_state(self, camera: str) -> str:
        return f"{self.root}/camera/{part(camera)}/state"


def count_json(count: Count, sightings: int | None = None) -> str:
    """A count; `compliance` is null while nobody was judged."""
    share = compliance(count)
    told: dict[str, object] = {state.value: getattr(count, state.value) for state in MaskState}
    told["compliance"] = None if share is None else round(share, 4)
    if sightings is not None:
        told["sightings"] = sightings
    return json.dumps(told)


def state_json(camera: str, condition: Condition | None) -> str:
    """What a camera shows; `closed` where it is not watched any more."""
    if condition is None:
        return json.dumps({"camera": camera, "state": "closed", "since": None})
    since = condition.since.isoformat(timespec="milliseconds")
    return json.dumps({"camera": camera, "state": condition.state.value, "since": since})


def sighting_json(desk: str, sighting: Sighting) -> str:
    """A sighting, without the name of whoever it may be. `id` and all else being the same, it is
    the same message.
    """
    corrected = sighting.corrected.value if sighting.corrected is not None else None
    return json.dumps(
        {
            "id": sighting.sighting_id,
            "visit": sighting.visit_id,
            "desk": desk,
            "camera": sighting.camera,
            "first_seen": sighting.first_seen.isoformat(timespec="milliseconds"),
            "last_seen": sighting.last_seen.isoformat(timespec="milliseconds"),
            "seconds_unmasked": round(sighting.seconds_unmasked, 3),
            "worst_state": sighting.worst_state.value,
            "final_state": sighting.final_state.value,
            "confidence": round(sighting.confidence, 4),
            "model": sighting.model,
            "corrected": corrected,
            "open": sighting.open,
        }
    )


def node_of(topics: Topics) -> str:
    """A desk's name among the devices of Home Assistant."""
    return part(f"{topics.prefix}_{part(topics.desk)}")


def discovery(topics: Topics, prefix: str, cameras: list[str]) -> dict[str, str]:
    """What Home Assistant is told so that it shows the desk as a device, by topic."""
    node = node_of(topics)
    device = {"identifiers": [node], "name": f"Mask Monitor {topics.desk}"}

    def sensor(key: str, name: str, topic: str, template: str, **more: str) -> tuple[str, str]:
        about = {
            "name": name,
            "unique_id": f"{node}_{key}",
            "state_topic": topic,
            "value_template": template,
            "availability_topic": topics.status,
            "device": device,
            **more,
        }
        return f"{prefix}/sensor/{node}/{key}/config", json.dumps(about)

    sensors = [
        sensor(
            state.value,
            f"Visitors {state.value}",
            topics.count,
            f"{{{{ value_json.{state.value} }}}}",
            state_class="measurement",
        )
        for state in MaskState
    ]
    share = "{{ (value_json.compliance * 100) | round(1) if value_json.compliance is not none }}"
    sensors.append(sensor("compliance", "Compliance", topics.count, share, unit_of_measurement="%"))
    sensors.append(sensor("sightings", "Sightings", topics.count, "{{ value_json.sightings }}"))
    sensors.append(
        sensor(
            "sighting",
            "Last sighting",
            topics.sighting,
            "{{ value_json.first_seen }}",
            device_class="timestamp",
            json_attributes_topic=topics.sighting,
        )
    )
    sensors += [
        sensor(
            f"camera_{part(camera)}",
            f"Camera {camera}",
            topics.camera_state(camera),
            "{{ value_json.state }}",
            json_attributes_topic=topics.camera_state(camera),
        )
        for camera in cameras
    ]
    return dict(sensors)
