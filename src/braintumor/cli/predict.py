"""Commands that read scans: predict and explain."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from braintumor.cli.arguments import add_command
from braintumor.errors import MissingExtraError

if TYPE_CHECKING:
    from braintumor.inference.registry import Artifact
    from braintumor.inference.saliency import GradientFunction

_LANGUAGES: Final = ("en", "de", "fr", "es", "ar", "ur")
_VERSION_HELP: Final = "model to use (default: BRAINTUMOR_VERSION, else v5)"


def add_predict_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser."""
    _add_predict(commands)
    _add_explain(commands)


def _add_predict(commands: argparse._SubParsersAction) -> None:
    predict = add_command(commands, "predict", "read scans and write verdicts and probabilities as CSV", _predict)
    predict.add_argument(
        "paths", nargs="+", metavar="PATH", help="image, DICOM file, NIfTI volume or ZIP archive, a folder of them "
        "(with subfolders), or a pattern such as 's/*.png'"
    )  # fmt: skip
    predict.add_argument("--version", help=_VERSION_HELP)
    predict.add_argument("--csv", type=Path, metavar="FILE", help="CSV file to write (default: standard output)")
    predict.add_argument(
        "--bom",
        action="store_true",
        help="start the CSV with a byte order mark, so that Excel shows accented and non-Latin characters correctly",
    )
    predict.add_argument("--xlsx", type=Path, metavar="FILE", help="also write the rows as an Excel workbook")
    predict.add_argument("--overlays", type=Path, metavar="DIR", help="also write each scan with its heat map here")
    predict.add_argument("--pdf", type=Path, metavar="FILE", help="also write a PDF report of all scans")
    predict.add_argument(
        "--zip", type=Path, metavar="FILE", help="also write CSV, Excel workbook, report and overlays as one archive"
    )
    predict.add_argument(
        "--patient", default="", metavar="LABEL", help="label printed on each page of the report. Nothing else in the "
        "report identifies the patient, except file names, which are printed unchanged"
    )  # fmt: skip
    predict.add_argument(
        "--language", default="en", choices=_LANGUAGES, help="language of the explanations in words in the report"
    )
    predict.add_argument(
        "--all-time-points",
        action="store_true",
        help="read every time point of a time series (4-D), not only the first",
    )
    predict.add_argument("--server", metavar="URL", help="let this server read the files, through its REST API")
    predict.add_argument(
        "--token", help="API token from the server's account page (default: BRAINTUMOR_TOKEN, which keeps it out of "
        "the process list)"
    )  # fmt: skip
    predict.set_defaults(misused=predict.error)
    predict.epilog = (
        "An interrupted run with --csv resumes: images already in the file are not read again. Slices of DICOM, NIfTI "
        "and ZIP files are read again, and with --pdf or --zip all scans are, because their images are needed. Exit "
        "codes: 0 every file was read; 1 some files could not be read (see the `error` column); 2 wrong usage."
    )


def _add_explain(commands: argparse._SubParsersAction) -> None:
    explain = add_command(commands, "explain", "write figures with scan, heat map and saliency map", _explain)
    explain.add_argument("paths", nargs="*", metavar="IMAGE", help="files, folders or patterns, as for predict")
    explain.add_argument("--version", help=_VERSION_HELP)
    explain.add_argument(
        "--out", type=Path, default=Path("explained"), metavar="DIR", help="folder of the figures (default: explained)"
    )
    explain.add_argument("--grid", action="store_true", help="also write a grid of test scans with one row per class")
    explain.set_defaults(misused=explain.error)


def _predict(options: argparse.Namespace) -> int:
    if options.server:
        return _predict_remotely(options)
    from braintumor.services.batch_predict import predict
    from braintumor.settings import get_settings

    settings = get_settings()
    if options.all_time_points:
        settings = settings.model_copy(update={"all_time_points": True})
    outcome = predict(
        options.paths, options.version, options.csv, options.overlays, settings,
        pdf_file=options.pdf, zip_file=options.zip, patient_label=options.patient, xlsx_file=options.xlsx,
        with_bom=options.bom, language=options.language,
    )  # fmt: skip
    print(outcome, file=sys.stdout if options.csv else sys.stderr)
    return 1 if outcome.failed else 0


def _predict_remotely(options: argparse.Namespace) -> int:
    from braintumor.cli.remote import predict_remotely
    from braintumor.client import Client

    local = ("xlsx", "overlays", "pdf", "zip", "patient", "all_time_points")
    if used := [f"--{name.replace('_', '-')}" for name in local if getattr(options, name)]:
        options.misused(f"{', '.join(used)}: not possible with --server, which returns only the CSV")
    with Client(options.server, options.token) as client:
        outcome = predict_remotely(client, options.paths, options.version, options.csv, with_bom=options.bom)
    print(outcome, file=sys.stdout if options.csv else sys.stderr)
    return 1 if outcome.failed else 0


def _explain(options: argparse.Namespace) -> int:
    from braintumor.services.explain import explain

    if not (options.paths or options.grid):
        options.misused("give an image to explain, or --grid")
    cases = _sample_test_scans(options.version) if options.grid else []
    outcome = explain(options.paths, options.out, options.version, finder=_find_graph_gradient, cases=cases)
    print(outcome)
    return 1 if outcome.failed else 0


def _sample_test_scans(version: str | None) -> list[tuple[Path, str]]:
    from braintumor.reader_study.cases import sample_test_scans
    from braintumor.settings import get_settings

    return sample_test_scans(version or get_settings().version)


def _find_graph_gradient(artifact: "Artifact") -> "GradientFunction":
    """Build the gradient of a version that has no gradient graph; needs the ONNX tools of the training packages."""
    try:
        from braintumor.models.onnx_autodiff.saliency_gradient import gradient_from_onnx
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "a package") from error

    return gradient_from_onnx(artifact)
