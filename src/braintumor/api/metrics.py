"""Numbers for monitoring, in the format of Prometheus: requests, readings and jobs, no names and no results."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0)


class Metrics:
    """The numbers of one server process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Histogram(
            "braintumor_request_seconds", "Time to answer a request.", labels, buckets=_BUCKETS, registry=self._registry
        )
        self._readings = Counter(
            "braintumor_readings", "Slices read by the API.", ("version",), registry=self._registry
        )
        self._jobs = Gauge("braintumor_jobs", "Background jobs in the database.", ("state",), registry=self._registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def count_readings(self, version: str, count: int) -> None:
        """Count slices that were read."""
        self._readings.labels(version).inc(count)

    def to_text(self, jobs: dict[str, int]) -> bytes:
        """Return all numbers; `jobs` is the number of jobs by state."""
        for state, count in jobs.items():
            self._jobs.labels(state).set(count)
        return generate_latest(self._registry)
