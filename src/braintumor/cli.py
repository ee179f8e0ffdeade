"""The `braintumor` command: a thin face over the rooms. Exit codes: 0 done, 1 something failed, 2 wrong usage."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from braintumor import __version__
from braintumor.errors import BrainTumorError, MissingExtraError
from braintumor.vocabulary import Protocol

if TYPE_CHECKING:
    from braintumor.inference.artifact import Artifact
    from braintumor.inference.saliency import Gradient

Handler = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = build_parser().parse_args(arguments)
    try:
        return int(options.handler(options))
    except BrainTumorError as error:
        print(f"braintumor: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"braintumor: {MissingExtraError(error.name or 'a package')}", file=sys.stderr)
    except KeyboardInterrupt:
        print("braintumor: interrupted; run the same command again to go on from here.", file=sys.stderr)
    return 1


def build_parser() -> argparse.ArgumentParser:
    """The whole command line, one function per group of commands below."""
    parser = argparse.ArgumentParser(prog="braintumor", description="Brain MRI slices: data, training and reading.")
    parser.add_argument("--version", action="version", version=f"braintumor {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_data(commands)
    _add_models(commands)
    _add_reading(commands)
    return parser


def _command(commands: argparse._SubParsersAction, name: str, help_: str, handler: Handler) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_, description=help_)
    parser.set_defaults(handler=handler)
    return parser


def _add_data(commands: argparse._SubParsersAction) -> None:
    data = commands.add_parser("data", help="fetch, audit and split the image set")
    verbs = data.add_subparsers(required=True, metavar="VERB")
    fetch = _command(verbs, "fetch", "get the Kaggle image set and verify it", _fetch)
    fetch.add_argument("--from", dest="source", type=Path, metavar="PATH", help="a folder or zip, instead of Kaggle")
    instead = fetch.add_mutually_exclusive_group()
    instead.add_argument("--masks", action="store_true", help="get the BRISC tumour masks instead of the images")
    instead.add_argument("--yes-no", action="store_true", help="get the set of 253 pictures with or without a tumour")
    fetch.add_argument("--table", type=Path, metavar="CSV", help="expected files, instead of the shipped table")
    _command(verbs, "audit", "read every image once; write manifest.csv and audit.json", _audit)
    split = _command(verbs, "split", "deal groups of images to train, validation and test", _split)
    split.add_argument("--protocol", type=Protocol, choices=list(Protocol), default=Protocol.GROUP)
    split.add_argument("--seed", type=int, default=0)
    phantoms = _command(verbs, "phantoms", "draw a small stand-in image set (not real scans)", _phantoms)
    phantoms.add_argument("folder", type=Path)
    phantoms.add_argument("--per-class", type=int, default=24, help="images of each class (default 24)")
    phantoms.add_argument("--seed", type=int, default=0)
    phantoms.add_argument("--yes-no", action="store_true", help="draw folders yes and no instead of the four classes")
    _command(commands, "explore", "average and compare the classes; write outputs/dataset", _explore)


def _add_models(commands: argparse._SubParsersAction) -> None:
    train = _command(commands, "train", "train a version from its recipe, then export and evaluate it", _train)
    train.add_argument("version", help="name of a recipe, such as v1")
    train.add_argument("--protocol", type=Protocol, choices=list(Protocol), default=Protocol.GROUP)
    train.add_argument("--seed", type=int, help="another seed than the recipe's; writes to outputs/VERSION-seedN")
    train.add_argument(
        "--weights", metavar="none|imagenet|FILE", help="another start than the recipe's: random weights, ImageNet's "
        "through Keras, or ImageNet's from a file; a run from random weights in their place writes to "
        "outputs/VERSION-none"
    )  # fmt: skip
    train.add_argument("--restart", action="store_true", help="forget the checkpoint of an earlier run")
    train.add_argument(
        "--distribute", choices=["none", "mirrored", "multi_worker"], help="share every batch with the devices of this "
        "machine, or with those that TF_CONFIG names, instead of as the recipe says"
    )  # fmt: skip
    export = _command(commands, "export", "write model.onnx and check it against Keras on real scans", _export_as)
    export.add_argument("version")
    export.add_argument("--litert", action="store_true", help="write model.tflite instead, for phones and small boards")
    export.add_argument("--int8", action="store_true", help="write model.int8.onnx instead, in whole numbers of 8 bits")
    export.epilog = (
        "Smaller variants are written beside a model.onnx that is there and evaluated, and only where they say the "
        "same of the test scans within stated bounds; what was measured of them goes into the card."
    )
    _command(commands, "evaluate", "measure a version on every split and write its card", _evaluate).add_argument(
        "version"
    )
    study = _command(commands, "study", "measure a version where it is hard: outside, novelty, robustness, ...", _study)
    study.add_argument("version")
    study.add_argument("--restart", action="store_true", help="measure again what was measured on this model already")
    compare = _command(
        commands, "compare", "put versions side by side on the same scans; write outputs/comparison", _compare
    )
    compare.add_argument("versions", nargs="*", metavar="VERSION", help="default: every version with a recipe")
    compare.add_argument(
        "--restart", action="store_true", help="ask unchanged models again what they were asked before"
    )
    again = _command(commands, "reproduce", "make a committed version again from raw data and compare", _reproduce)
    again.add_argument("version", help="a folder of outputs, such as v1 or v1-random")
    again.add_argument(
        "--check-only", type=Path, metavar="DIR", help="make nothing: compare with the version in this outputs folder"
    )
    again.add_argument("--table", type=Path, metavar="CSV", help="expected files, instead of the shipped table")
    weigh = _command(commands, "hypotheses", "run the experiments behind the hypotheses and weigh them", _hypotheses)
    weigh.add_argument("--measured", action="store_true", help="train nothing: use the runs that are there")
    tried = _command(commands, "experiment", "train v4 in other ways, quickly, beside the usual one", _experiment)
    tried.add_argument("arms", nargs="*", metavar="ARM", help="of recipes/experiments/flagship.toml (default: all)")
    tried.add_argument("--measured", action="store_true", help="train nothing: use the runs that are there")


def _add_reading(commands: argparse._SubParsersAction) -> None:
    predict = _command(commands, "predict", "read scans: files, folders (with all inside) or patterns", _predict)
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
    explain = _command(commands, "explain", "save figures of what an answer rests on: scan, heat map, both", _explain)
    explain.add_argument("paths", nargs="*", metavar="IMAGE", help="files, folders or patterns, as predict takes them")
    explain.add_argument("--version", help="the model to read with (default: the one of BRAINTUMOR_VERSION, else v4)")
    explain.add_argument(
        "--out", type=Path, default=Path("explained"), metavar="DIR", help="where figures go (default: explained)"
    )
    explain.add_argument("--grid", action="store_true", help="also draw a grid of test scans, a row for each class")
    explain.set_defaults(misused=explain.error)
    bench = _command(commands, "bench", "time reading, exploring and training against the original way", _bench)
    bench.add_argument("paths", nargs="*", metavar="PATH", help="scans to read (default: the Testing set, or phantoms)")
    bench.add_argument("--version", help="the model to read with (default: the one of BRAINTUMOR_VERSION, else v4)")
    bench.add_argument("--only", choices=["reading", "explore", "training"], help="one comparison alone")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the measurements here")
    app = _command(commands, "app", "open the dashboard", _app)
    app.add_argument("--port", type=int, help="port to answer on (default: PORT, or 8501)")


def _fetch(options: argparse.Namespace) -> int:
    from braintumor.dataset.fetch import fetch
    from braintumor.dataset.masks import fetch_masks
    from braintumor.dataset.sets import KAGGLE, YES_NO

    wanted = YES_NO if options.yes_no else KAGGLE
    print(
        fetch_masks(options.source) if options.masks
        else fetch(source=options.source, table=options.table, image_set=wanted)
    )  # fmt: skip
    return 0


def _audit(options: argparse.Namespace) -> int:
    from braintumor.dataset.audit import audit

    print(audit())
    return 0


def _split(options: argparse.Namespace) -> int:
    from braintumor.dataset.split import split

    print(split(options.protocol, options.seed))
    return 0


def _explore(options: argparse.Namespace) -> int:
    from braintumor.exploration.run import explore

    print(explore())
    return 0


def _phantoms(options: argparse.Namespace) -> int:
    import pandas as pd

    from braintumor.dataset.phantoms import write_phantoms
    from braintumor.dataset.table import write_table
    from braintumor.dataset.yes_no_phantoms import TABLE, write_yes_no_phantoms

    folder, table = options.folder, options.folder / TABLE
    if options.yes_no:
        count = write_yes_no_phantoms(folder, options.per_class, options.seed)
    else:
        count = write_phantoms(folder, options.per_class, options.seed)
        write_table(folder, pd.read_csv(folder / "provenance.csv", dtype=str, keep_default_na=False), table)
    command = f"braintumor data fetch{' --yes-no' if options.yes_no else ''} --from {folder} --table {table}"
    print(f"Drew {count} phantoms. Use them with: {command}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from braintumor.training.run import train

    options.version = train(
        options.version, options.protocol, seed=options.seed, weights=options.weights, restart=options.restart,
        distribute=options.distribute,
    )  # fmt: skip
    if not options.version:
        print("This machine has done its part; the first one writes, exports and evaluates the model.")
        return 0
    return _export(options) or _evaluate(options)


def _export(options: argparse.Namespace) -> int:
    from braintumor.training.export import export

    print(export(options.version))
    return 0


def _export_as(options: argparse.Namespace) -> int:
    if not (options.litert or options.int8):
        return _export(options)
    from braintumor.evaluation.variants import export_variants

    for said in export_variants(options.version, litert=options.litert, int8=options.int8):
        print(said)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from braintumor.evaluation.run import evaluate

    print(evaluate(options.version))
    return 0


def _study(options: argparse.Namespace) -> int:
    from braintumor.evaluation.study import study

    print(study(options.version, restart=options.restart))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from braintumor.evaluation.compare import compare

    print(compare(options.versions, restart=options.restart))
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    from braintumor.evaluation.reproduce import reproduce

    found = reproduce(options.version, made=options.check_only, table=options.table)
    print(found)
    return 0 if found.matches else 1


def _hypotheses(options: argparse.Namespace) -> int:
    from braintumor.evaluation.weigh import weigh

    print(weigh(measured_only=options.measured))
    return 0


def _experiment(options: argparse.Namespace) -> int:
    from braintumor.evaluation.trial import trial

    for sentence in trial(options.arms, measured_only=options.measured):
        print(sentence, flush=True)
    return 0


def _predict(options: argparse.Namespace) -> int:
    from braintumor.reporting.predict import predict

    outcome = predict(
        options.paths, options.version, options.csv, options.overlays,
        pdf=options.pdf, bundle=options.zip, patient_label=options.patient,
    )  # fmt: skip
    print(outcome, file=sys.stdout if options.csv else sys.stderr)
    return 1 if outcome.failed else 0


def _explain(options: argparse.Namespace) -> int:
    from braintumor.reporting.explain import explain

    if not (options.paths or options.grid):
        options.misused("name an image to explain, or give --grid")
    cases = _examples(options.version) if options.grid else []
    done = explain(options.paths, options.out, options.version, finder=_keras_gradient, cases=cases)
    print(done)
    return 1 if done.failed else 0


def _examples(version: str | None) -> list[tuple[Path, str]]:
    from braintumor.evaluation.examples import examples
    from braintumor.settings import get_settings

    return examples(version or get_settings().version)


def _keras_gradient(artifact: "Artifact") -> "Gradient":
    """What `explain` asks for saliency where a version keeps no gradient graph; TensorFlow is loaded only then."""
    try:
        from braintumor.training.keras_gradient import keras_gradient
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "a package") from error

    return keras_gradient(artifact)


def _bench(options: argparse.Namespace) -> int:
    from braintumor.bench.run import bench

    print(bench(options.paths, options.version, options.json, only=options.only))
    return 0


def _app(options: argparse.Namespace) -> int:
    from braintumor.launch import launch

    return launch(options.port)
