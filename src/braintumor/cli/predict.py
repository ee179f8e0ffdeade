"""Commands that read scans: predict and explain."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from braintumor.cli.arguments import add_command
from braintumor.errors import MissingExtraError

if TYPE_CHECKING:
    from braintumor.inference.registry import Artifact
    from braintumor.inference.saliency import GradientFunction


def add_predict_commands(commands: argparse._SubParsersAction) -> None:
    """Add them to a parser's commands."""
    predict = add_command(commands, "predict", "read scans: files, folders (with all inside) or patterns", _predict)
    predict.add_argument(
        "paths", nargs="+", metavar="PATH", help="a picture, DICOM file, NIfTI volume or ZIP, a folder of them, or a "
        "pattern such as 's/*.png'"
    )  # fmt: skip
    predict.add_argument("--version", help="the model to read with (default: the one of BRAINTUMOR_VERSION, else v4)")
    predict.add_argument(
        "--csv", type=Path, metavar="FILE", help="write the rows here; without it they go to standard output"
    )
    predict.add_argument("--overlays", type=Path, metavar="DIR", help="also draw each scan with its heat map here")
    predict.add_argument("--pdf", type=Path, metavar="FILE", help="also set a report of all scans")
    predict.add_argument("--zip", type=Path, metavar="FILE", help="also put CSV, report and overlays into one archive")
    predict.add_argument(
        "--patient", default="", metavar="LABEL", help="printed on each page of the report; nothing else in it, and "
        "nothing from a DICOM file, says whose scans they are. File names are shown as they are"
    )  # fmt: skip
    predict.epilog = (
        "Stopped and started again, a run with --csv takes over the rows of pictures and reads only what is missing; "
        "slices of DICOM, NIfTI and ZIP files are read again, and with --pdf or --zip everything is, since these hold "
        "a picture of each scan. Exit codes: 0 every file was read, 1 some were not (each has a row with `error`), "
        "2 wrong usage."
    )
    explain = add_command(
        commands, "explain", "save figures of what an answer rests on: scan, heat map, both", _explain
    )
    explain.add_argument("paths", nargs="*", metavar="IMAGE", help="files, folders or patterns, as predict takes them")
    explain.add_argument("--version", help="the model to read with (default: the one of BRAINTUMOR_VERSION, else v4)")
    explain.add_argument(
        "--out", type=Path, default=Path("explained"), metavar="DIR", help="where figures go (default: explained)"
    )
    explain.add_argument("--grid", action="store_true", help="also draw a grid of test scans, a row for each class")
    explain.set_defaults(misused=explain.error)


def _predict(options: argparse.Namespace) -> int:
    from braintumor.services.batch_predict import predict

    outcome = predict(
        options.paths, options.version, options.csv, options.overlays,
        pdf_file=options.pdf, zip_file=options.zip, patient_label=options.patient,
    )  # fmt: skip
    print(outcome, file=sys.stdout if options.csv else sys.stderr)
    return 1 if outcome.failed else 0


def _explain(options: argparse.Namespace) -> int:
    from braintumor.services.explain import explain

    if not (options.paths or options.grid):
        options.misused("name an image to explain, or give --grid")
    cases = _sample_test_scans(options.version) if options.grid else []
    done = explain(options.paths, options.out, options.version, finder=_find_graph_gradient, cases=cases)
    print(done)
    return 1 if done.failed else 0


def _sample_test_scans(version: str | None) -> list[tuple[Path, str]]:
    from braintumor.reader_study.cases import sample_test_scans
    from braintumor.settings import get_settings

    return sample_test_scans(version or get_settings().version)


def _find_graph_gradient(artifact: "Artifact") -> "GradientFunction":
    """What `explain` asks for saliency where a version keeps no gradient graph; ONNX's tools are loaded only then."""
    try:
        from braintumor.training.onnx_gradient import gradient_from_onnx
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "a package") from error

    return gradient_from_onnx(artifact)
