"""A detector with a tiny model in a temporary workspace."""

import pytest

from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version


@pytest.fixture
def detector(workspace: Settings) -> Detector:
    write_version(workspace.outputs)
    return Detector.load("v1", workspace)
