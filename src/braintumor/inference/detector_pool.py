"""Models that a server keeps loaded."""

import threading
from collections import OrderedDict
from typing import Final

from braintumor.errors import ArtifactError
from braintumor.inference.detector import Detector
from braintumor.inference.registry import list_models
from braintumor.settings import Settings

_MAX_LOADED: Final = 2


class DetectorPool:
    """Loads versions on first use and keeps the two used last; safe to use from several threads.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: OrderedDict[str, Detector] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, version: str | None = None) -> Detector:
        """Return the detector of a version; of the one in the settings by default.

        Raises
        ------
        ArtifactError
            There is no such version, or its files differ from its card.
        """
        version = version or self._settings.version
        with self._lock:
            if version not in self._loaded:
                self._loaded[version] = Detector.load(version, self._settings)
                if len(self._loaded) > _MAX_LOADED:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(version)
            return self._loaded[version]

    def find(self, version: str) -> Detector | None:
        """Return the detector of a version; None if it is not on this server or cannot be loaded."""
        if version not in list_models(self._settings):
            return None
        try:
            return self.get(version)
        except ArtifactError:
            return None
