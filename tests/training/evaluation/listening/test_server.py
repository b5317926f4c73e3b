"""The study's server as a process of its own, asked by HTTP: what it gives, and what it refuses."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.training.evaluation.listening.made import SYSTEMS, make, write_material
from tests.training.evaluation.listening.served import SERVE, Server, serving

from facewire_training.evaluation.listening.answers_file import read_raters, read_ratings
from facewire_training.evaluation.listening.screens import Part, screens_for
from facewire_training.evaluation.listening.study import ANCHOR, STILL, Kind, Study, read_study

SECRETS = (*SYSTEMS, "Zebra", "Quagga", "Okapi", ANCHOR, STILL)
"""What no page may learn."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    request = write_material(tmp_path, {"one": 0.6, "two": 0.8, "three": 1.0})
    make(request)
    return request.out


@pytest.fixture
def study(folder: Path) -> Study:
    return read_study(folder)


def rate_all(server: Server, rater: str) -> int:
    screen = server.json(f"/api/screen?rater={rater}")
    count = 0
    while not screen["done"]:
        values = {slot: 10 * place for place, slot in enumerate(screen["slots"])}
        screen = server.rate(rater, screen, values)
        count += 1
    return count


def test_two_raters_at_once_rate_everything_and_every_rating_names_its_system(
    folder: Path, study: Study
) -> None:
    with serving(folder) as server:
        codes = [server.json("/api/begin", {"rater": code})["rater"] for code in ("", "P-7")]
        assert re.fullmatch(r"[A-Z2-9]{6}", codes[0])
        threads = [threading.Thread(target=rate_all, args=(server, code)) for code in codes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.json("/api/screen?rater=P-7") == {"done": True, "rater": "P-7"}
    ratings = read_ratings(folder)
    assert [rater.rater for rater in read_raters(folder)] == codes
    for number, code in enumerate(codes):
        screens = screens_for(study, code, number)
        own = [rating for rating in ratings if rating.rater == code]
        assert len(own) == sum(len(screen.systems) for screen in screens)
        for rating in own:
            screen = screens[rating.screen]
            assert screen.slots()[rating.slot] == rating.system
            assert rating.rating == 10 * list(screen.slots()).index(rating.slot)
            assert (rating.part, rating.sentence) == (screen.part, screen.sentence)
            assert (rating.plays, rating.seconds) == (1, 12.5)
    assert {rating.part for rating in ratings} == set(Part)


def test_nothing_that_is_sent_names_or_tells_a_system(folder: Path, study: Study) -> None:
    sent: list[bytes] = []
    with serving(folder) as server:
        sent += [server.ask(path)[1] for path in ("/", "/main.js", "/face_rows.js", "/api/study")]
        server.json("/api/begin", {"rater": "ann"})
        screen = server.json("/api/screen?rater=ann")
        faces: dict[str, bytes] = {}
        while not screen["done"]:
            sent.append(json.dumps(screen).encode())
            at = f"rater=ann&screen={screen['screen']}"
            for slot in [*screen["slots"], "reference"]:
                faces[slot] = server.ask(f"/api/face?{at}&slot={slot}")[1]
            sent += faces.values()
            sound = server.ask(f"/api/sound?{at}")[1]
            assert sound.startswith(b"RIFF")
            screen = server.rate("ann", screen, dict.fromkeys(screen["slots"], 50))
        sent.append(json.dumps(screen).encode())
        # Not even where something is asked for that there is not.
        sent.append(server.ask("/api/face?rater=ann&screen=0&slot=Z")[1])
        for path in ("/study.json", "/ratings.csv", "/../study.json", "/faces/anchor/one.npz"):
            status, body = server.ask(path)
            assert status == 404
            sent.append(body.replace(path[:80].encode(), b""))
    for secret in SECRETS:
        assert not [body[:200] for body in sent if secret.lower().encode() in body.lower()], secret
    # Faces differ in nothing but their motion: as many frames, and the same keys.
    decoded = [json.loads(face) for face in faces.values()]
    assert {(len(face["head"]), face["rate"], *face) for face in decoded} == {
        (len(decoded[0]["head"]), 60.0, "names", "rate", "weights", "head")
    }


def test_after_a_kill_a_rater_goes_on_where_they_stopped(folder: Path) -> None:
    with serving(folder) as server:
        server.json("/api/begin", {"rater": "ann"})
        screen = server.json("/api/screen?rater=ann")
        for _ in range(3):
            screen = server.rate("ann", screen, dict.fromkeys(screen["slots"], 60))
        server.process.kill()
        server.process.wait()
    with serving(folder) as server:
        server.json("/api/begin", {"rater": "ann"})
        assert server.json("/api/screen?rater=ann") == screen
        assert rate_all(server, "ann") == 3
    ratings = read_ratings(folder)
    assert len({(rating.screen, rating.slot) for rating in ratings}) == len(ratings)
    assert {rating.screen for rating in ratings} == set(range(6))


def test_an_answer_that_is_sent_twice_is_kept_once(folder: Path) -> None:
    with serving(folder) as server:
        server.json("/api/begin", {"rater": "ann"})
        screen = server.json("/api/screen?rater=ann")
        first = server.rate("ann", screen, dict.fromkeys(screen["slots"], 60))
        assert server.rate("ann", screen, dict.fromkeys(screen["slots"], 1)) == first
    assert {rating.rating for rating in read_ratings(folder)} == {60}


def test_what_is_no_answer_is_refused_and_not_kept(folder: Path) -> None:
    good = {
        "rater": "ann", "screen": 0, "ratings": dict.fromkeys("ABCD", 50),
        "plays": dict.fromkeys("ABCD", 1), "seconds": 1.0,
    }  # fmt: skip
    wrong: list[tuple[int, object]] = [
        (400, b"{"),
        (400, b"\xff\xfe"),
        (400, {}),
        (400, good | {"ratings": {"A": 50}}),
        (400, good | {"ratings": dict.fromkeys("ABCDE", 50)}),
        (400, good | {"ratings": dict.fromkeys("ABCD", 101)}),
        (400, good | {"ratings": dict.fromkeys("ABCD", -1)}),
        (400, good | {"ratings": dict.fromkeys("ABCD", 1.5)}),
        (400, good | {"plays": {"A": 1, "B": 1, "C": 1}}),
        (400, good | {"seconds": -1}),
        (400, good | {"plays": dict.fromkeys("ABCD", 10**9)}),
        (404, good | {"screen": 99}),
        (404, good | {"screen": -1}),
        (404, good | {"rater": "bob"}),
        (409, good | {"screen": 1}),
        (413, b" " * 70_000),
    ]
    with serving(folder) as server:
        server.json("/api/begin", {"rater": "ann"})
        for expected, sent in wrong:
            status, body = server.ask("/api/answer", sent)
            assert (status, body.count(b"\n")) == (expected, 1), body
        for code in ("a b", "ä", "x" * 41, "=cmd()", "a,b"):
            assert server.ask("/api/begin", {"rater": code})[0] == 400
        assert server.ask("/api/screen?rater=bob")[0] == 404
        assert server.ask("/api/nothing", {})[0] == 404
        # A client that says nothing holds nobody up.
        with socket.create_connection(("127.0.0.1", server.port)):
            assert server.json("/api/answer", good)["screen"] == 1
    assert len(read_ratings(folder)) == 4


def test_pairs_take_one_choice(tmp_path: Path) -> None:
    request = write_material(tmp_path, {"one": 0.6})
    make(replace(request, kind=Kind.PAIRS, anchor="none"))
    with serving(request.out) as server:
        server.json("/api/begin", {"rater": "ann"})
        screen = server.json("/api/screen?rater=ann")
        assert (screen["slots"], screen["reference"]) == (["A", "B"], False)
        answer = {"rater": "ann", "screen": 0, "plays": {"A": 1, "B": 2}, "seconds": 1.0}
        for ratings in ({"A": 1, "B": 1}, {"A": 0, "B": 0}, {"A": 2, "B": 0}):
            assert server.ask("/api/answer", answer | {"ratings": ratings})[0] == 400
        server.json("/api/answer", answer | {"ratings": {"A": 0, "B": 1}})
        assert server.ask("/api/face?rater=ann&screen=0&slot=reference")[0] == 404
    assert [rating.rating for rating in read_ratings(request.out)] == [0, 1]


def test_a_token_is_wanted_where_one_is_set_and_the_page_gets_a_cookie(folder: Path) -> None:
    with serving(folder, "--token", "s3cret") as server:
        assert server.ask("/")[0] == 401
        assert server.ask("/api/begin", {"rater": ""})[0] == 401
        assert server.ask("/healthz")[0] == 200
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/?token=s3cret")
        response = connection.getresponse()
        assert response.status == 200
        policy = response.getheader("Content-Security-Policy") or ""
        assert "default-src 'none'" in policy
        cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        assert "s3cret" not in cookie
        own = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{server.port}"}
        assert server.ask("/api/begin", {"rater": "ann"}, own)[0] == 200
        foreign = own | {"Origin": "http://elsewhere.example"}
        assert server.ask("/api/begin", {"rater": "eve"}, foreign)[0] == 403
        connection.close()
    assert [rater.rater for rater in read_raters(folder)] == ["ann"]


def test_other_machines_need_the_token_that_is_printed(folder: Path) -> None:
    process = subprocess.Popen(
        [*SERVE, str(folder), "--host", "0.0.0.0", "--port", "0"],
        stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(2)]
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=30)[1]
    assert process.returncode == 128 + signal.SIGTERM
    addresses = re.findall(r"http://\S+/\?token=\S{20,}", "".join([*lines, rest]))
    assert addresses
    assert "people rate at" in lines[0]


def test_a_port_that_is_taken_and_a_study_that_is_served_or_damaged_are_told(folder: Path) -> None:
    def said(*options: str) -> str:
        result = subprocess.run(
            [*SERVE, *options],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert result.returncode == 2
        assert result.stderr.startswith("facewire: ")
        return result.stderr

    with serving(folder) as server:
        assert "is written by another server" in said(str(folder), "--port", "0")
        port = str(server.port)
        (folder / "ratings.csv").rename(folder / "moved.csv")
        (folder / "raters.csv").rename(folder / "moved-raters.csv")
        assert f"port {port} of 127.0.0.1 is in use" in said(str(folder), "--port", port)
    (folder / "sounds" / "two.wav").unlink()
    assert "two.wav is missing; make the study again" in said(str(folder), "--port", "0")
    assert "holds no study" in said(str(folder.parent), "--port", "0")
    assert "cannot both be" in said(str(folder), "--token", "x", "--insecure")
