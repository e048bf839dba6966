"""The gate between capture and inference."""

from __future__ import annotations

import threading

from monitor.camera.slot import LatestSlot
from monitor.gui.threads.gate import Gate
from monitor.records import Frame
from tests.fakes import frame


def test_a_gate_leaves_the_frames_of_other_cameras_alone() -> None:
    target: LatestSlot[Frame] = LatestSlot()
    gates = {name: Gate(target, lambda shown: None) for name in ("door", "yard")}
    frames = {name: frame(camera=name) for name in gates}
    for name, gate in gates.items():
        gate.put(frames[name], name)
    gates["door"].shut()
    assert target.take_all(0) == [frames["yard"]]
    gates["yard"].put(frames["yard"], "yard")
    other: LatestSlot[Frame] = LatestSlot()
    for gate in gates.values():
        gate.lead_to(other)
    assert (target.take_all(0), other.take_all(0)) == ([], [frames["yard"]])


def make_gate() -> tuple[Gate, LatestSlot[Frame], list[Frame]]:
    target: LatestSlot[Frame] = LatestSlot()
    shown: list[Frame] = []
    return Gate(target, shown.append), target, shown


def test_the_gate_hands_on_and_shows_each_frame_once() -> None:
    gate, target, shown = make_gate()
    first, second = frame(0.0), frame(0.1)
    assert gate.put_when_empty(first, 0)
    assert not gate.put_when_empty(second, 0)
    assert not gate.put_when_empty(second, 0)
    assert shown == [first, second]
    assert target.get(0) is first
    assert gate.put_when_empty(second, 0)
    assert target.get(0) is second


def test_a_shut_gate_lets_nothing_pass_and_holds_nobody_up() -> None:
    gate, target, shown = make_gate()
    gate.put(frame())
    gate.shut()
    assert target.get(0) is None
    gate.put(frame())
    assert gate.put_when_empty(frame(), 0)
    assert gate.wait_empty(0)
    assert target.get(0) is None
    assert len(shown) == 1


def test_a_frame_that_waited_at_the_gate_does_not_slip_through_when_it_shuts() -> None:
    gate, target, _ = make_gate()
    gate.put_when_empty(frame(0.0), 0)
    waiting = threading.Thread(target=lambda: gate.put_when_empty(frame(0.1), 5))
    waiting.start()
    gate.shut()
    waiting.join(5)
    assert not waiting.is_alive()
    assert target.get(0) is None


def test_a_gate_that_drains_shows_without_handing_on() -> None:
    gate, target, shown = make_gate()
    gate.drain()
    assert gate.put_when_empty(frame(), 0)
    assert len(shown) == 1
    other: LatestSlot[Frame] = LatestSlot()
    gate.lead_to(other)
    gate.put(frame())
    assert target.get(0) is None
    assert other.get(0) is not None


def test_a_frame_that_nobody_looked_at_goes_to_the_next_inference_thread() -> None:
    gate, target, shown = make_gate()
    waiting = frame()
    gate.put(waiting, "door")
    other: LatestSlot[Frame] = LatestSlot()
    gate.lead_to(other)
    assert (target.take_all(0), other.take_all(0)) == ([], [waiting])
    gate.lead_to(target)  # it was taken: it does not come a second time
    assert target.take_all(0) == []
    assert shown == [waiting]


def test_a_gate_that_is_shut_stays_shut() -> None:
    gate, target, _ = make_gate()
    gate.put(frame())
    gate.shut()
    gate.lead_to(target)
    gate.put(frame())
    assert target.get(0) is None


def test_a_frame_that_is_held_up_is_let_go_when_the_gate_drains() -> None:
    gate, target, shown = make_gate()
    first, second = frame(0.0), frame(0.1)
    assert gate.put_when_empty(first, 0)
    assert not gate.put_when_empty(second, 0)
    gate.drain()
    assert gate.put_when_empty(second, 0)
    assert gate.wait_empty(0)
    assert shown == [first, second]
    assert target.get(0) is None


def test_a_camera_waits_for_its_own_frame_alone() -> None:
    gate, target, _ = make_gate()
    target.put(frame(camera="yard"), "yard")
    assert gate.wait_empty(0, "door")
    assert gate.put_when_empty(frame(), 0, "door")
    assert not gate.wait_empty(0, "door")
    assert not gate.put_when_empty(frame(), 0, "door")
    target.get(0)
    target.get(0)
    assert gate.wait_empty(0, "door")


def test_a_live_camera_replaces_the_frame_that_waits() -> None:
    gate, target, shown = make_gate()
    frames = [frame(0.1 * n) for n in range(3)]
    for one in frames:
        gate.put(one)
    assert target.take_all(0) == frames[2:]
    assert shown == frames
