"""Addresses of cameras: what is shown of them is known to be harmless, and says which is meant."""

from __future__ import annotations

import os

import pytest

from monitor.camera.address import Address, addresses, parse_address
from monitor.errors import CameraError


@pytest.mark.parametrize("text", ["0", "12", "rtsp://h/live", "http://h:80/x.mjpg", "HTTPS://h/"])
def test_cameras(text: str) -> None:
    assert parse_address(text).kind == ("usb" if text.isdigit() else "stream")


def test_an_address_is_a_record() -> None:
    assert parse_address("07") == parse_address("7")
    assert parse_address("7").name == "camera 7"
    assert parse_address("HTTP://h/x") == parse_address("http://h/x")
    assert parse_address("HTTP://h/x").url == "http://h/x"
    assert parse_address("rtsp://a:b@h/x") != parse_address("rtsp://a:c@h/x")
    assert addresses(" 0  rtsp://h/x ") == ["0", "rtsp://h/x"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0", "camera 0"),
        ("rtsp://10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("rtsp://[::1]:554/live", "rtsp://[::1]:554/live"),
        (
            "rtsp://tür.example:8554/h264Preview_01_main",
            "rtsp://tür.example:8554/h264Preview_01_main",
        ),
        ("rtsp://h:554/Streaming/Channels/101", "rtsp://h:554/Streaming/Channels/101"),
        ("http://h/axis-cgi/mjpg/video.cgi", "http://h/axis-cgi/mjpg/video.cgi"),
        ("rtsp://h/ch0_0.264", "rtsp://h/ch0_0.264"),
        ("rtsp://user:secret@10.0.0.5:554/live", "rtsp://10.0.0.5:554/live"),
        ("rtsp://user:p@ss@10.0.0.5/live", "rtsp://10.0.0.5/live"),
        ("http://secret@host/", "http://host/"),
        ("http://host/a#secret", "http://host/a"),
        ("http://host/stream.mjpg?token=secret&user=u", "http://host/stream.mjpg"),
        (
            "rtsp://admin:x@h/cam/realmonitor?channel=2&subtype=0&authbasic=c2VjcmV0",
            "rtsp://h/cam/realmonitor?channel=2&subtype=0",
        ),
        (
            "rtsp://h/user=admin_password=Secret1_channel=1_stream=0.sdp",
            "rtsp://h/…channel=1&stream=0",
        ),
        (
            "rtsp://h/user=admin&password=&channel=2&stream=1.sdp?real_stream",
            "rtsp://h/…channel=2&stream=1",
        ),
        ("rtsps://h:7441/Kx9fQ2mT7bLp4WzR?enableSrtp", "rtsps://h:7441/…"),
        ("http://h/login/admin/Secret1/video", "http://h/…/…/…/…"),
        ("http://h/a%2Fb:c/x", "http://h/…/…"),
    ],
)
def test_the_name_holds_what_is_harmless(text: str, name: str) -> None:
    assert parse_address(text).name == name


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("rtsp://admin:Pa/ss1@127.0.0.1:9/live", "rtsp://admin:Pa%2Fss1@127.0.0.1:9/live"),
        ("rtsp://admin:Pa#ss1@h/live", "rtsp://admin:Pa%23ss1@h/live"),
        ("rtsp://admin:Pa?ss1@h/live", "rtsp://admin:Pa%3Fss1@h/live"),
        ("rtsp://admin:p@ss1@h/live", "rtsp://admin:p%40ss1@h/live"),
        ("rtsp://admin:Pa%2Fss1@h/live", "rtsp://admin:Pa%2Fss1@h/live"),
    ],
)
def test_a_password_with_odd_signs_is_written_as_it_must_be(text: str, url: str) -> None:
    address = parse_address(text)
    assert address.url == url
    assert "ss1" not in address.name + repr(address)
    assert not address.plain


SECRETS = [
    "admin:Pass1@192.168.1.5",
    "rtsp:/admin:Pass1@127.0.0.1/live",
    "rtsp//admin:Pass1@127.0.0.1/live",
    "ftp://user:Pass1@h/x",
    "http://user:Pass1@[::1/x",
    "rtsp://admin:12/Pass1@h/live",
    "rtsp://ad@min:Pa/Pass1@h/live",
    "rtsp://admin:Pass1@/live",
    "rtsp://admin:Pass1 x@h/live",
    "rtsp://admin:Pass1\n@h/live",
    "user=admin_password=Pass1",
    "rtsp://admin:Pass1@h:99999/live",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_refused_shows_nothing_secret(text: str) -> None:
    with pytest.raises(CameraError) as caught:
        parse_address(text)
    assert "Pass1" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "front door",
        "-1",
        "1.5",
        "video.mp4",
        "c:\\clip.avi",
        "file:///etc/passwd",
        "\u0663",
        "9999",
    ],
)
def test_what_is_no_camera(text: str) -> None:
    with pytest.raises(CameraError, match="neither a camera's number nor a stream"):
        parse_address(text)


@pytest.mark.parametrize("text", ["clip.mp4", "c:\\Clips\\a.AVI"])
def test_a_file_after_camera_gets_a_hint(text: str) -> None:
    with pytest.raises(CameraError, match="--video"):
        parse_address(text)


@pytest.mark.parametrize("text", [b"rtsp://h/\xff", b"\xff\xfe", b"rtsp://\xff/x", b"clip\xff.mp4"])
def test_bytes_that_are_no_text(text: bytes) -> None:
    with pytest.raises(CameraError) as caught:
        parse_address(os.fsdecode(text))
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("3", True),
        ("rtsp://h/cam/realmonitor?channel=1&subtype=0", True),
        ("http://h/stream.mjpg?token=x", False),
        ("rtsp://a@h/live", False),
        ("rtsp://admin:Pa/ss1@10.0.0.5/live", False),
    ],
)
def test_what_may_be_written_to_a_file(text: str, plain: bool) -> None:
    assert isinstance(parse_address(text), Address)
    assert parse_address(text).plain is plain


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("rtsp://anna:p%40ss@hall:554/main", "anna"),
        ("rtsp://an%20na:p@hall/main?channel=1", "an na"),
        ("rtsp://hall/main", ""),
        ("rtsp://t0ken@hall/main", ""),  # without a password it may be one itself
        ("rtsp://anna:p@hall/main?token=secret", ""),  # more than the password is left out
        ("rtsp://anna:p@hall/x9f8e7d6c5b4a3/main", ""),
        ("3", ""),
    ],
)
def test_a_user_is_told_where_the_password_is_all_that_is_hidden(text: str, user: str) -> None:
    assert parse_address(text).user == user
