"""python -m monitor.bench.flask_service: the service that tutorials write. Flask's own server,
faces by the ResNet-10 SSD on a picture of 400 px width, `predict` of Keras' MobileNetV2-224. Its
time alone counts: the head has random weights.
"""

from __future__ import annotations

import socket
import sys
import threading
from typing import Any

import cv2
import numpy as np

from monitor.bench.peers import make_peers
from monitor.camera.pictures import to_bgr
from monitor.errors import MonitorError


def main() -> int:
    try:
        from flask import Flask, jsonify, request
    except ImportError:
        print("needs Flask: pip install -r requirements-web-test.txt", file=sys.stderr)
        return 2
    try:
        (script,) = make_peers("script")
    except MonitorError as error:
        print(f"flask_service: {error}", file=sys.stderr)
        return 2
    app, one_at_a_time = Flask(__name__), threading.Lock()

    def predict() -> Any:
        image = cv2.imdecode(np.frombuffer(request.data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return jsonify(error="no picture"), 422
        with one_at_a_time:  # neither detector nor `predict` gains by more: both take all cores
            script(to_bgr(image))
        return jsonify(success=True)

    app.add_url_rule("/predict", view_func=predict, methods=["POST"])

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    app.run(port=port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
