"""Rate limits fill steadily and forget the oldest caller."""

from segue.web.limits import Limit, RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_refuses_and_fills_again() -> None:
    clock = Clock()
    limiter = RateLimiter({"login": Limit(requests=2, window_s=10)}, clock)
    assert [limiter.take("login", "a").allowed for _ in range(3)] == [True, True, False]
    standing = limiter.take("login", "a")
    assert (standing.limit, standing.remaining, standing.reset_s) == (2, 0, 11)
    assert limiter.take("login", "b").allowed
    clock.now += 5
    assert limiter.take("login", "a").allowed
    assert not limiter.take("login", "a").allowed


def test_a_class_without_a_limit_has_no_standing() -> None:
    assert RateLimiter({}).take("page", "a") is None


def test_the_oldest_callers_are_forgotten(monkeypatch) -> None:
    monkeypatch.setattr("segue.web.limits._MOST_BUCKETS", 3)
    limiter = RateLimiter({"login": Limit(requests=1, window_s=3600)}, Clock())
    for caller in "abcd":
        limiter.take("login", caller)
    assert len(limiter._buckets) == 3
    assert not limiter.take("login", "d").allowed
    assert limiter.take("login", "a").allowed
