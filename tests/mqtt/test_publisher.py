"""What a real broker is told, and what its listeners hear, whatever happens to it."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.mqtt.publisher import Publisher
from monitor.records import Condition, Correction, Count, Sighting, WatchState
from tests.fakes import sighting
from tests.mosquitto import Broker, Listener, wait_for
from tests.mqtt.conftest import MakePublisher, settings

SINCE = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SIGHTING = "mask-monitor/door/sighting"


def numbered(first: int, last: int) -> list[Sighting]:
    return [sighting(sighting_id=f"s{n}", open=False) for n in range(first, last)]


def test_counts_states_and_sightings_are_kept_by_the_broker(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    publisher = make_publisher(broker.port)
    publisher.counts(Count(masked=3, unmasked=1), 1, {"Front door": Count(masked=3, unmasked=1)})
    publisher.camera("Front door", Condition(WatchState.COVERED, SINCE))
    publisher.sightings([sighting(sighting_id="s1")])
    wait_for(lambda: len(listener.sightings(SIGHTING)) == 1)
    late = Listener(broker.port)  # whoever comes later is told what is true now
    camera = next(t for t in listener.kept if t.endswith("/state"))
    wait_for(lambda: late.kept == listener.kept)
    assert late.kept["mask-monitor/door/status"] == "online"
    assert late.json_of("mask-monitor/door/count") == {
        "masked": 3,
        "unmasked": 1,
        "incorrect": 0,
        "unsure": 0,
        "compliance": 0.75,
        "sightings": 1,
    }
    state = late.json_of(camera)
    assert (state["camera"], state["state"]) == ("Front door", "covered")
    assert datetime.fromisoformat(state["since"]) == SINCE
    late.close()


def test_nobody_is_told_a_name(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    make_publisher(broker.port).sightings([sighting(identity="Anna Beispiel", note="late again")])
    wait_for(lambda: listener.sightings(SIGHTING))
    assert not any("Anna" in p or "late again" in p for p in listener.kept.values())


def test_home_assistant_finds_the_desk(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    publisher = make_publisher(broker.port)
    publisher.counts(Count(masked=1), 0, {})
    publisher.camera("Front door", Condition(WatchState.LIVE, SINCE))
    wait_for(lambda: sum("/config" in topic for topic in listener.kept) == 8)
    for topic in [topic for topic in listener.kept if topic.endswith("/config")]:
        about = listener.json_of(topic)
        assert topic.startswith("homeassistant/sensor/")
        assert about["state_topic"] in listener.kept or about["name"] == "Last sighting"
        assert listener.kept[about["availability_topic"]] == "online"
    names = [listener.json_of(t)["unique_id"] for t in listener.kept if t.endswith("/config")]
    assert len(set(names)) == len(names)


def test_a_monitor_that_ends_says_so(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    status = "mask-monitor/door/status"
    publisher = make_publisher(broker.port)
    wait_for(lambda: listener.kept.get(status) == "online")
    publisher.close()
    wait_for(lambda: listener.kept.get(status) == "offline")


def test_a_broker_that_is_killed_costs_no_sighting_and_doubles_none(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    broker.remember()  # that somebody listens
    publisher = make_publisher(broker.port)
    publisher.sightings(numbered(0, 30))
    wait_for(lambda: len(listener.sightings(SIGHTING)) == 30)
    broker.end()
    publisher.sightings(numbered(30, 200))
    publisher.counts(Count(masked=7), 200, {})
    wait_for(lambda: publisher._waiting == 170)
    broker.start()
    listener.wait_there()
    wait_for(lambda: len(listener.sightings(SIGHTING)) >= 200, "some were lost")
    assert [s["id"] for s in listener.sightings(SIGHTING)] == [f"s{n}" for n in range(200)]
    wait_for(lambda: (listener.json_of("mask-monitor/door/count") or {}).get("masked") == 7)
    wait_for(lambda: publisher._waiting == 0)


@pytest.mark.long
def test_a_broker_that_is_away_for_a_minute_hears_all_once(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    broker.remember()
    publisher, sent = make_publisher(broker.port), 0

    def send(seconds: float) -> int:
        ends, number = time.monotonic() + seconds, sent
        while time.monotonic() < ends:
            publisher.sightings(numbered(number, number + 1))
            number += 1
            time.sleep(0.25)
        return number

    sent = send(5)
    broker.end()
    sent = send(60)
    broker.start()
    sent = send(5)
    wait_for(lambda: len(listener.sightings(SIGHTING)) >= sent, "some were lost")
    heard = [s["id"] for s in listener.sightings(SIGHTING)]
    assert sorted(heard) == sorted(f"s{n}" for n in range(sent))


def test_what_waits_is_told_by_the_next_start(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    broker.end()
    first = make_publisher(broker.port)
    first.sightings(numbered(0, 50))
    first.close()
    broker.start()
    listener.wait_there()
    make_publisher(broker.port).sightings(numbered(50, 60))
    wait_for(lambda: len(listener.sightings(SIGHTING)) >= 60)
    assert [s["id"] for s in listener.sightings(SIGHTING)] == [f"s{n}" for n in range(60)]


def test_a_correction_is_told(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    publisher, one = make_publisher(broker.port), sighting(sighting_id="s1", open=False)
    publisher.sightings([one, dataclasses.replace(one, corrected=Correction.MASKED)])
    wait_for(lambda: len(listener.sightings(SIGHTING)) == 2)
    assert [s["corrected"] for s in listener.sightings(SIGHTING)] == [None, "masked"]


def test_two_programs_of_one_computer_do_not_speak_for_each_other(
    broker: Broker, listener: Listener, make_publisher: MakePublisher
) -> None:
    one, two = make_publisher(broker.port), make_publisher(broker.port)
    one.counts(Count(masked=1), 0, {})
    two.counts(Count(masked=2), 0, {})
    wait_for(lambda: sum(topic.endswith("/count") for topic in listener.kept) == 2)
    told = {listener.json_of(t)["masked"] for t in listener.kept if t.endswith("/count")}
    assert told == {1, 2}


@pytest.fixture
def guarded(tmp_path: Path) -> Broker:
    """A broker that wants TLS, a user and a password."""
    folder = tmp_path / "guarded"
    folder.mkdir()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"),
            *("-keyout", folder / "key.pem", "-out", folder / "made.pem"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    users = folder / "users"
    subprocess.run(
        ["mosquitto_passwd", "-c", "-b", users, "door", "open sesame"],
        check=True,
        capture_output=True,
    )
    return Broker(
        folder,
        f"allow_anonymous false\npassword_file {users}\n"
        f"certfile {folder / 'made.pem'}\nkeyfile {folder / 'key.pem'}",
    )


def test_tls_a_user_and_a_password(
    guarded: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from monitor.mqtt.broker import tls_of

    guarded.start()
    ca = str(tmp_path / "guarded" / "made.pem")
    config = settings(guarded.port, tls=True, ca=ca, user="door")
    wrong = Publisher(config, "door", tmp_path / "mqtt", lambda: "wrong", tls_of(config))
    wrong.start()
    wait_for(lambda: "mqtt.user" in wrong.problem)
    wrong.close()
    assert "refuses the monitor" in caplog.text
    assert "wrong" not in caplog.text
    caplog.clear()
    right = Publisher(config, "door", tmp_path / "mqtt", lambda: "open sesame", tls_of(config))
    right.start()
    heard = Listener(
        guarded.port,
        lambda client: (
            client.tls_set(ca_certs=ca),
            client.username_pw_set("door", "open sesame"),
        ),
    )
    right.sightings([sighting(sighting_id="s1")])
    wait_for(lambda: len(heard.sightings(SIGHTING)) == 1)
    assert right.problem == ""
    heard.close()
    right.close()
    guarded.end()
