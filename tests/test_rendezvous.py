"""Workers meet and are connected; one that fails is named to all the others. No TensorFlow."""

import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from teams import addresses, connected, in_rings, in_threads, listening

from cnn_raw import InputError
from cnn_raw.workers import rendezvous, ring
from cnn_raw.workers.cluster import Cluster, from_options, from_tf_config
from cnn_raw.workers.line import Line
from cnn_raw.workers.ring import Ring, WorkerLost

# --- the ring ---


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [1, 4, 100_003])
def test_ring_gives_every_worker_the_same_sum(workers, length):
    vectors = np.random.RandomState(3).standard_normal((workers, length)).astype(np.float32)
    sums = in_rings(workers, lambda ring: [ring.sum(vectors[ring.worker]) for _ in range(2)])
    for first, second in sums:
        np.testing.assert_array_equal(first, sums[0][0])
        np.testing.assert_array_equal(second, sums[0][0])
    exact = vectors.astype(np.float64).sum(axis=0)
    bound = workers * np.finfo(np.float32).eps * np.abs(vectors).sum(axis=0).max()
    np.testing.assert_allclose(sums[0][0], exact, rtol=0, atol=bound)


def summing(connections, silence=ring.SILENCE):
    """Sum until a worker is lost; return what is said, and after how many seconds."""
    started = time.monotonic()
    with pytest.raises(WorkerLost) as caught, Ring(connections, silence) as entered:
        while True:
            entered.sum(np.ones(300_000, np.float32))
    return str(caught.value), time.monotonic() - started


VICTIM = """
import os, select, signal, sys, threading
import numpy as np
from cnn_raw.workers import local, ring

connected, moment, name = sys.argv[1:]
waits, select_select = 0, select.select

def counted(*arguments):
    global waits
    if threading.current_thread() is threading.main_thread():  # in a sum, not in the watch
        waits += 1
        if waits == int(moment):
            os.kill(os.getpid(), getattr(signal, name))
    return select_select(*arguments)

select.select = counted
with ring.Ring(local.inherited(connected)) as entered:
    while True:
        entered.sum(np.ones(300_000, np.float32))
"""


@pytest.mark.parametrize("moment, name", [*((k, "SIGKILL") for k in range(1, 11)), (6, "SIGSTOP")])
def test_worker_killed_or_frozen_at_any_moment_is_named_to_all_others(moment, name):
    found, lost = connected(3), 1 + moment % 2
    ends = [found[lost].lines[0].socket, *found[lost].neighbours]
    numbers = [end.fileno() for end in ends]
    connected_to = ",".join(map(str, [lost, 3, *numbers]))
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, connected_to, str(moment), name], pass_fds=numbers
    )
    found[lost].close()
    try:
        silence = 1.0 if name == "SIGSTOP" else 20.0
        others = [functools.partial(summing, found[k], silence) for k in {0, 1, 2} - {lost}]
        results = in_threads(others)
    finally:
        victim.kill()
        victim.wait()
    expected = (
        f"worker {lost} has not answered for 1 s"
        if name == "SIGSTOP"
        else (f"worker {lost} has ended")
    )
    assert [message for message, _ in results] == [expected] * 2
    assert max(seconds for _, seconds in results) < 10  # measured: 1, most of it Python's start


def test_worker_0_that_is_lost_is_named_to_all_others():
    found = connected(3)
    found[0].close()
    assert [m for m, _ in in_threads([functools.partial(summing, each) for each in found[1:]])] == [
        "worker 0 has ended"
    ] * 2


def test_worker_0_that_is_frozen_is_named_to_all_others():
    found = connected(3)
    results = in_threads([functools.partial(summing, each, 0.5) for each in found[1:]])
    assert [message for message, _ in results] == ["worker 0 has not answered for 0.5 s"] * 2
    found[0].close()


@pytest.mark.parametrize(
    "error, said",
    [
        (KeyboardInterrupt(), "was stopped with Ctrl-C"),
        (InputError("the disk is full"), "stopped: the disk is full"),
    ],
)
@pytest.mark.parametrize("first", [0, 2])
def test_worker_that_stops_tells_all_others_why(first, error, said):
    def work(ring):
        ring.sum(np.ones(10))
        if ring.worker == first:
            raise error
        while True:
            ring.sum(np.ones(10))

    results = in_rings(3, work)
    assert results.pop(first) is error
    assert [str(result) for result in results] == [f"worker {first} {said}"] * 2


def test_workers_that_finish_lose_nobody():
    def work(ring):
        total = ring.sum(np.arange(5))
        time.sleep(0.3 * ring.worker)  # worker 0 is the first to leave
        return ring._reason, total.tolist()

    assert in_rings(3, work) == [(None, [0, 3, 6, 9, 12])] * 3


# --- the workers meet ---


def meeting(clusters, wait=20.0, secrets=None, mine=None, settings=None):
    """What every worker gets: the settings of worker 0, or an error's message."""

    def work(k, cluster):
        connections = rendezvous.connect(cluster, wait, (secrets or {}).get(k, b"words"))
        with contextlib.closing(connections):
            assert cluster.addresses[cluster.worker][1] not in listening(os.getpid())
            own = mine[k] if mine else {}
            given = (settings or {}).get(k, {"seed": 7} if k == 0 else {})
            return rendezvous.agree(connections, own, given, wait)

    results = in_threads([functools.partial(work, k, each) for k, each in enumerate(clusters)])
    assert all(isinstance(result, dict | InputError) for result in results), results
    return [result if isinstance(result, dict) else str(result) for result in results]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_meet_and_take_the_settings_of_worker_0(workers):
    found = addresses(workers)
    assert meeting([Cluster(found, k) for k in range(workers)]) == [{"seed": 7}] * workers


def test_who_does_not_come_is_named_to_those_who_came():
    found = addresses(3)
    port = found[1][1]
    results = meeting([Cluster(found, 0), Cluster(found, 2)], wait=1.0)
    assert results == [f"worker 1 (127.0.0.1:{port}) did not come in time"] * 2


def test_worker_0_that_does_not_come_is_named():
    found = addresses(2)
    (said,) = meeting([Cluster(found, 1)], wait=0.5)
    assert said == (
        f"worker 0 (127.0.0.1:{found[0][1]}) cannot be reached (Connection refused); is it started?"
    )


def test_who_does_not_know_the_secret_is_refused():
    found = addresses(2)
    first, second = meeting([Cluster(found, k) for k in range(2)], 1.0, secrets={1: b"guessed"})
    assert "did not come in time; 127.0.0.1 came but was refused (it does not know the sec" in first
    assert second.endswith("has another secret; give both the same --secret")


def test_a_worker_0_that_does_not_know_the_secret_is_refused():
    found = addresses(2)

    def impostor():
        with socket.create_server(found[0]) as server:
            connection, _ = server.accept()
        with connection:
            line = Line(connection)
            line.send(challenge="0")
            line.receive(time.monotonic() + 5)
            line.send(proof="0" * 64, wait=1)

    results = in_threads([impostor, lambda: rendezvous.connect(Cluster(found, 1), 5, b"words")])
    assert str(results[1]).endswith("does not know the secret, or is no worker 0")


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"{}\n", b"[" * 50_000, b"7\n", b"x" * 200_000]
)
def test_strangers_do_not_keep_the_workers_from_meeting(sent):
    found, gone = addresses(2), threading.Event()

    def stranger():
        while not gone.is_set():
            with contextlib.suppress(OSError), socket.create_connection(found[0], 5) as connection:
                gone.set()
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1000):
                    pass

    def worker(k):
        assert k == 0 or gone.wait(20)
        connections = rendezvous.connect(Cluster(found, k), 20)
        with contextlib.closing(connections):
            return rendezvous.agree(connections, {}, {"seed": 7} if k == 0 else {}, 20)

    works = [functools.partial(worker, 0), functools.partial(worker, 1), stranger]
    assert in_threads(works) == [{"seed": 7}, {"seed": 7}, None]


def test_two_workers_with_one_number_on_a_machine_are_told():
    found = addresses(3)
    first, *others = meeting([Cluster(found, k) for k in (0, 1, 1)], wait=1.0)
    said = f"worker 1 (127.0.0.1:{found[1][1]}): cannot listen there (Address already in use)"
    assert any(other.startswith(said) for other in others)
    assert first == f"worker 2 (127.0.0.1:{found[2][1]}) did not come in time"
    assert first in others


@pytest.mark.parametrize(
    "worker, listed, said",
    [
        (1, None, "has met another worker 1"),
        (9, None, "has met another worker 9"),
        (2, [["host", 1]], "was given other addresses"),
    ],
)
def test_a_number_twice_and_other_addresses_are_refused(worker, listed, said):
    pair = socket.socketpair()
    ours, theirs = map(Line, pair)
    listed = listed or [["host1", 2222], ["host2", 2222], ["host3", 2222]]
    known = from_options("host1:2222,host2:2222,host3:2222", 0)

    def client():
        challenge = theirs.receive(time.monotonic() + 5)["challenge"]
        proof = rendezvous._proof(b"", "worker", challenge)
        theirs.send(proof=proof, challenge="1", worker=worker, addresses=listed)
        return theirs.receive(time.monotonic() + 5)["lost"]

    deadline = time.monotonic() + 5
    admit = functools.partial(rendezvous._admit, ours, known, {1: None}, deadline, b"")
    with pair[0], pair[1]:
        told, error = in_threads([client, admit])
    assert told.startswith(said) and str(error) == f"worker 0 {told}"


def test_what_workers_have_is_compared_with_what_worker_0_has():
    found = addresses(3)
    clusters = [Cluster(found, k) for k in range(3)]
    name = f"worker 2 (127.0.0.1:{found[2][1]})"
    mine = [{"TensorFlow": "2.21.0"}, {"TensorFlow": "2.21.0"}, {"TensorFlow": "2.16.2"}]
    said = "has another TensorFlow (2.16.2) than worker 0 (2.21.0); give all workers the same"
    assert meeting(clusters, mine=mine) == [f"{name} {said}"] * 3
    settings = {0: {"seed": 7, "epochs": 3}, 1: {"epochs": 3}, 2: {"seed": 8}}
    said = f"{name} was given seed 8, worker 0 7; leave it out there"
    assert meeting(clusters, settings=settings) == [said] * 3


def test_an_address_of_another_machine_is_refused_at_once():
    for host, said in (
        ("192.0.2.77", "Cannot assign"),
        ("no-such-host.invalid", "no machine of that name"),
    ):
        with pytest.raises(InputError, match=rf"^worker 1 \({host}:2222\).*{said}"):
            rendezvous.connect(from_options(f"127.0.0.1:2222,{host}:2222", 1), 1)


def test_a_secret_is_what_its_file_says_without_spaces(tmp_path):
    (tmp_path / "secret").write_text("some words\n")
    assert rendezvous.read_secret(tmp_path / "secret") == b"some words"
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        rendezvous.read_secret(tmp_path / "empty")


# --- who the workers are ---


def test_cluster_is_read_from_the_options():
    found = from_options("host1:2222, [::1]:80", 1)
    assert found == Cluster((("host1", 2222), ("::1", 80)), 1)
    assert found.names == ["worker 0 (host1:2222)", "worker 1 (::1:80)"]
    assert from_options("host1:2222", None).worker == 0


@pytest.mark.parametrize(
    "workers, worker, said",
    [
        ("host1:2222,host2:2222", None, "say which of them this is: --worker 0 to 1"),
        ("host1:2222,host2:2222", 2, "worker 2: there are 2 workers, so give 0 to 1"),
        ("host1:2222,host2:2222", -1, "worker -1: there are 2 workers"),
        ("host1:2222,host1:2222", 0, "host1:2222: is given twice"),
        ("host1", 0, "'host1': is no address of a worker"),
        ("host1:0,host2:1", 0, "'host1:0': is no address of a worker"),
        (":2222", 0, "':2222': is no address"),
        ("host1:65536", 0, "'host1:65536': is no address"),
    ],
)
def test_addresses_that_cannot_be_are_refused(workers, worker, said):
    with pytest.raises(InputError) as caught:
        from_options(workers, worker)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "jobs, task, expected",
    [
        ({"worker": ["a:1", "b:2"]}, ("worker", 1), ("a", "b", 1)),
        ({"chief": ["a:1"], "worker": ["b:2"]}, ("worker", 0), ("a", "b", 1)),
        ({"chief": ["a:1"], "worker": ["b:2"]}, ("chief", 0), ("a", "b", 0)),
    ],
)
def test_tf_config_says_who_the_workers_are(jobs, task, expected):
    task = dict(zip(("type", "index"), task, strict=True))
    first, second, worker = expected
    found = from_tf_config(json.dumps({"cluster": jobs, "task": task}))
    assert found == Cluster(((first, 1), (second, 2)), worker)


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"cluster": {"worker": ["a:1"]}}', "cannot be read"),
        ('{"cluster": {"worker": [7]}, "task": {"type": "worker", "index": 0}}', "cannot be read"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "'a': is no"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "of type ps"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "worker 1: "),
    ],
)
def test_tf_config_that_cannot_be_used_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        from_tf_config(text)
