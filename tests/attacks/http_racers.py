"""Processes that all send the same requests at the same moment, and what each of them was answered."""

import multiprocessing
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from multiprocessing.synchronize import Barrier
from typing import Any

PROCESSES = 8
# A connection stays at the worker that took it; a new one now and then spreads the racers over all of them.
REQUESTS_A_CONNECTION = 10
WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Shot:
    """A request that every process sends once."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    location: str
    cookies: tuple[str, ...]
    body: bytes


def race(authority: str, shots: Sequence[Shot]) -> list[list[Answer]]:
    """For each shot the answers that the processes got to it; they begin each one together."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    pipes = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    racers = [context.Process(target=_run, args=(authority, shots, barrier, sender)) for _, sender in pipes]
    for racer in racers:
        racer.start()
    try:
        by_process = []
        for receiver, sender in pipes:
            sender.close()
            if not receiver.poll(WITHIN_S):
                raise TimeoutError("a racer did not finish")
            by_process.append(receiver.recv())
    finally:
        for (receiver, _), racer in zip(pipes, racers, strict=True):
            receiver.close()
            if racer.is_alive():
                racer.join(5)
            if racer.is_alive():
                racer.terminate()
                racer.join()
    return [list(answers) for answers in zip(*by_process, strict=True)]


def _run(authority: str, shots: Sequence[Shot], barrier: Barrier, sender: Any) -> None:
    os.nice(1)  # the server's workers are what shall meet, not the racers
    answers: list[Answer] = []
    connection = HTTPConnection(authority, timeout=WITHIN_S)
    for number, shot in enumerate(shots):
        if number % REQUESTS_A_CONNECTION == 0:
            connection.close()
            connection = HTTPConnection(authority, timeout=WITHIN_S)
            connection.connect()
        barrier.wait(WITHIN_S)
        connection.request(shot.method, shot.target, shot.body, shot.headers)
        response = connection.getresponse()
        body = response.read()
        cookies = tuple(response.headers.get_all("set-cookie") or ())
        answers.append(Answer(response.status, response.headers.get("location", ""), cookies, body))
    connection.close()
    sender.send(answers)
    sender.close()
