"""Guessing is slowed down, and nobody can lock others out."""

import pytest

from braintumor.auth.throttle import FREE_ATTEMPTS, Throttle, TooManyAttemptsError

ATTACKER, OWNER = "198.51.100.7", "203.0.113.5"


class Clock:
    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def _attempts(throttle: Throttle, address: str, account: str, count: int) -> int:
    """Try, and return how often the password would have been checked."""
    checked = 0
    for _ in range(count):
        try:
            throttle.begin(address, account)
        except TooManyAttemptsError:
            continue
        checked += 1
    return checked


def test_guessing_stops_after_the_free_attempts(throttle: Throttle) -> None:
    assert _attempts(throttle, ATTACKER, "ada@example.org", 1_000) == FREE_ATTEMPTS + 0


def test_delay_doubles(throttle: Throttle, clock: Clock) -> None:
    _attempts(throttle, ATTACKER, "ada@example.org", FREE_ATTEMPTS)
    waits = []
    for _ in range(12):
        with pytest.raises(TooManyAttemptsError) as refusal:
            throttle.begin(ATTACKER, "ada@example.org")
        waits.append(refusal.value.seconds)
        clock.time += refusal.value.seconds
        throttle.begin(ATTACKER, "ada@example.org")
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_attacker_does_not_delay_the_owner(throttle: Throttle) -> None:
    _attempts(throttle, ATTACKER, "ada@example.org", 1_000)
    throttle.begin(OWNER, "ada@example.org")


def test_many_attackers_leave_the_owner_an_attempt(throttle: Throttle) -> None:
    for number in range(500):
        _attempts(throttle, f"198.51.{number // 250}.{number % 250}", "ada@example.org", 10)
    throttle.begin(OWNER, "ada@example.org")
    throttle.succeed(OWNER, "ada@example.org")
    throttle.begin(OWNER, "ada@example.org")


def test_many_attackers_get_one_attempt_each(throttle: Throttle) -> None:
    _ = [_attempts(throttle, f"198.51.100.{number}", "ada@example.org", 10) for number in range(20)]
    assert _attempts(throttle, "198.51.100.200", "ada@example.org", 10) == 1


def test_neighbour_behind_the_same_address_can_log_in_while_it_attacks_others(throttle: Throttle) -> None:
    for number in range(1_000):
        _attempts(throttle, ATTACKER, f"user{number}@example.org", 10)
    throttle.begin(ATTACKER, "ada@example.org")


def test_spelling_of_the_account_and_a_network_of_ipv6_addresses_count_together(throttle: Throttle) -> None:
    for number in range(FREE_ATTEMPTS):
        throttle.begin(f"2001:db8::{number}", "Ada@Example.org ")
    with pytest.raises(TooManyAttemptsError):
        throttle.begin("2001:db8::ffff", "ada@example.org")


def test_success_and_time_forgive(throttle: Throttle, clock: Clock) -> None:
    _attempts(throttle, OWNER, "ada@example.org", FREE_ATTEMPTS)
    throttle.succeed(OWNER, "ada@example.org")
    assert _attempts(throttle, OWNER, "ada@example.org", 10) == FREE_ATTEMPTS
    clock.time += 3_601
    assert _attempts(throttle, OWNER, "ada@example.org", 10) == FREE_ATTEMPTS


def test_registrations_of_an_address_are_limited_by_the_hour(throttle: Throttle, clock: Clock) -> None:
    for _ in range(3):
        throttle.limit(ATTACKER, "register", 3)
    with pytest.raises(TooManyAttemptsError, match="minutes"):
        throttle.limit(ATTACKER, "register", 3)
    throttle.limit(OWNER, "register", 3)
    clock.time += 3_601
    throttle.limit(ATTACKER, "register", 3)
