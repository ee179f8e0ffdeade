"""Errors of this package. Every message states what is wrong and what to do next."""


class BrainTumorError(Exception):
    """Base of all errors that this package raises deliberately; the message can be displayed to users."""


class ScanError(BrainTumorError):
    """A file or array that cannot be read as a scan."""


class DatasetError(BrainTumorError):
    """A data set that is missing, incomplete or modified."""


class RecipeError(BrainTumorError):
    """A training recipe that cannot be read or is invalid."""


class ArtifactError(BrainTumorError):
    """A model folder that is missing, incomplete or modified."""


class StorageError(BrainTumorError):
    """A database, stored file or audit log that is missing, damaged, locked or of another version."""


class RecordError(BrainTumorError):
    """A record that does not exist, belongs to another user, or cannot be changed as requested."""


class NotFoundError(RecordError):
    """A record that does not exist or belongs to another user; the message does not say which."""


class AccountError(BrainTumorError):
    """A login, account, link or token that is refused."""


class LanguageModelError(BrainTumorError):
    """A language model that is not reached, or whose answer cannot be used."""


class MissingExtraError(BrainTumorError):
    """A training package that is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"This command needs the training packages ({package} is not installed). "
            'Install them with: pip install "braintumor[train]", or run: make setup.'
        )
