"""Runs the program in a network namespace of its own, whose only ways out lead past a listener.

    unshare --net python tests/alone.py FOLDER SECONDS COMMAND...

`CAMERA` in the command becomes the address of a camera that shows a bare face, by motion JPEG over
HTTP; `RTSP` that of one by H.264 over RTSP; `DOOR` that of one by RTSP before which somebody stands
for six seconds of every twenty, bare and masked in turn. Prints one line of JSON: the packets that
were not between program and camera, as [protocol, from, to], how many were, the command's number,
its exit status, what it said, and what it held about a hundred times on the way: [second, MB, open
files, threads]. Needs root and `ip`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import cv2
import numpy as np
import psutil
from mjpeg import MjpegCamera
from rtsp import GROUP, RtspCamera

ROOT = Path(__file__).resolve().parent.parent
# What the kernel says by itself when an interface comes up: IGMP, MLD, neighbour discovery.
OF_THE_KERNEL = {0, 2, 58}
ALL_PROTOCOLS = 3
DOOR_RATE, DOOR_PERIOD_S, DOOR_STAY_S = 5, 20, 6
PERSON = np.s_[10:, 110:340]  # of both pictures of people


def make_ways_out() -> None:
    """A loopback that takes every packet, for anywhere: nothing fails for want of a way."""
    for words in (
        "link set lo up",
        "addr add 192.0.2.1/32 dev lo",
        "route add default dev lo src 192.0.2.1",
    ):
        subprocess.run(["ip", *words.split()], check=True)
    subprocess.run(["ip", "-6", "route", "add", "default", "dev", "lo"], capture_output=True)


class Listener(threading.Thread):
    """Hears every packet of the namespace."""

    def __init__(self, port: int) -> None:
        super().__init__(name="listener", daemon=True)
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS)
        )
        self._port = port
        self.strange: list[list[Any]] = []
        self.camera = 0

    def run(self) -> None:
        while True:
            packet, (_, kind, *_) = self._socket.recvfrom(65536)
            if kind not in (0x0800, 0x86DD):  # IPv4, IPv6; ARP is the kernel's
                continue
            if kind == 0x0800:
                protocol, head = packet[9], 4 * (packet[0] & 15)
                hosts = [socket.inet_ntoa(packet[at : at + 4]) for at in (12, 16)]
            else:
                protocol, head = packet[6], 40
                hosts = [socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24)]
            ports = [int.from_bytes(packet[head + at : head + at + 2], "big") for at in (0, 2)]
            if protocol == socket.IPPROTO_TCP and self._port in ports:
                self.camera += 1
            elif protocol not in OF_THE_KERNEL:
                ends = [f"{host}:{port}" for host, port in zip(hosts, ports, strict=True)]
                self.strange.append([protocol, *ends])


def picture(name: str = "bare") -> Any:
    return cv2.imread(str(ROOT / "tests" / "data" / f"{name}.jpg"))


def mjpeg_camera() -> MjpegCamera:
    camera = MjpegCamera()
    camera.show(picture())
    return camera


def rtsp_camera() -> RtspCamera:
    height, width = (side // 2 * 2 for side in picture().shape[:2])
    return RtspCamera([picture()[:height, :width]] * GROUP)


def door_camera() -> RtspCamera:
    """A room (350, 512, 3) with a sensor's noise; who comes moves by a pixel or two."""
    noise = np.random.default_rng(0)
    room = cv2.resize(picture("no_face"), (512, 350))
    images = []
    for number in range(2 * DOOR_PERIOD_S * DOOR_RATE):
        period, at = divmod(number, DOOR_PERIOD_S * DOOR_RATE)
        image = room.copy()
        if at < DOOR_STAY_S * DOOR_RATE:
            who = picture("masked" if period else "bare")
            image[PERSON] = np.roll(who, (at % 3, at % 5), (0, 1))[PERSON]
        grain = noise.integers(-4, 5, image.shape)
        images.append(np.clip(image + grain, 0, 255).astype(np.uint8))
    return RtspCamera(images, DOOR_RATE)


def held(process: psutil.Process, begun: float) -> list[float]:
    with process.oneshot():
        mb = process.memory_info().rss / 2**20
        second = time.monotonic() - begun
        return [round(second), round(mb, 1), process.num_fds(), process.num_threads()]


CAMERAS = {"CAMERA": mjpeg_camera, "RTSP": rtsp_camera, "DOOR": door_camera}


def main(folder: Path, seconds: float, command: list[str]) -> None:
    make_ways_out()
    named = next((word for word in command if word in CAMERAS), "CAMERA")
    camera = CAMERAS[named]()
    camera.live()
    listener = Listener(camera.port)
    listener.start()
    with (folder / "alone.txt").open("w+") as out:
        process = subprocess.Popen(
            [camera.url if word == named else word for word in command],
            cwd=os.environ["HOME"],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        begun, sizes = time.monotonic(), []
        while process.poll() is None and (second := time.monotonic() - begun) < seconds:
            if second >= len(sizes) * seconds / 100:
                sizes.append(held(psutil.Process(process.pid), begun))
            time.sleep(0.1)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)
        out.seek(0)
        said = out.read()
    camera.die()
    report = {
        "strange": listener.strange,
        "camera": listener.camera,
        "out": said,
        "process": process.pid,
        "code": process.returncode,
        "sizes": sizes,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
