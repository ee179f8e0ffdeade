"""What can go wrong. Every message says what is wrong and what to do next, in words a person understands."""


class BrainTumorError(Exception):
    """Base of every error this package raises on purpose; its text can be shown to a user as it is."""


class ScanError(BrainTumorError):
    """A file or array that cannot be read as a scan."""


class DatasetError(BrainTumorError):
    """The data set is missing, incomplete or altered."""


class RecipeError(BrainTumorError):
    """A training recipe that cannot be read or does not make sense."""


class ArtifactError(BrainTumorError):
    """A trained model's folder that is missing, incomplete or altered."""


class MissingExtraError(BrainTumorError):
    """A command that needs the training packages, run where only the serving set is installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"This command needs the training packages ({package} is not installed). "
            'Install them with: pip install "braintumor[train]", or run: make setup.'
        )
