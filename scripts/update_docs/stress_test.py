"""Blocks of the docs about one stress test of the served model."""

from collections.abc import Callable
from functools import wraps

from braintumor.results.stress_test import StressTestResult
from braintumor.results.version import VersionReport, read_version_report
from braintumor.settings import Settings

Write = Callable[[VersionReport, StressTestResult], str]


def stress_test_block(name: str) -> Callable[[Write], Callable[[Settings], str]]:
    """Let a function write about a stress test of the served model; without one, the block says how to measure it."""

    def decorate(write: Write) -> Callable[[Settings], str]:
        @wraps(write)
        def block(settings: Settings) -> str:
            report = read_version_report(settings.version, settings)
            check = report.checks.get(name)
            if check is None or not check.is_measured:
                return f"Not measured on {report.version}; run: `braintumor stress-test {report.version}`.\n"
            return write(report, check)

        return block

    return decorate
