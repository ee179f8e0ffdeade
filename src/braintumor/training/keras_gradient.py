"""The gradient of a version by automatic differentiation, for those that keep no gradient graph."""

from functools import partial

from braintumor.errors import ArtifactError
from braintumor.inference.artifact import Artifact
from braintumor.inference.saliency import Gradient
from braintumor.models.saved import load_network
from braintumor.training.saliency import log_odds_gradient

NETWORK = "model.keras"


def keras_gradient(artifact: Artifact) -> Gradient:
    """The gradient of the log-odds of tumour, computed by TensorFlow from `model.keras`.

    Raises
    ------
    ArtifactError
        The network is not kept on this disk, or is not the one the card describes.
    """
    version = artifact.card.version
    if not artifact.has(NETWORK) or not artifact.path(NETWORK).is_file():
        raise ArtifactError(
            f"{version} keeps neither a gradient graph nor {NETWORK} here. Train it again to get one: "
            f"braintumor train {version}."
        )
    artifact.verified(NETWORK)
    return partial(log_odds_gradient, load_network(artifact.path(NETWORK)))
