"""Commands of the models: train, export, evaluate, study, compare, make again, weigh and try."""

import argparse
from pathlib import Path

from braintumor.cli.arguments import add_command, parse_seed
from braintumor.enums import Protocol

_HELD_OUT_HELP = "measure on validation and test scans alone, for a network that is slow"


def add_model_commands(commands: argparse._SubParsersAction) -> None:
    """Add them to a parser's commands."""
    train = add_command(commands, "train", "train a version from its recipe, then export and evaluate it", _train)
    train.add_argument("version", help="name of a recipe, such as v1")
    train.add_argument("--protocol", type=Protocol, choices=list(Protocol), default=Protocol.GROUP)
    train.add_argument(
        "--seed", type=parse_seed, help="another seed than the recipe's; writes to outputs/VERSION-seedN"
    )
    train.add_argument(
        "--weights", metavar="none|imagenet|FILE", help="another start than the recipe's: random weights, ImageNet's "
        "through Keras, or ImageNet's from a file; a run from random weights in their place writes to "
        "outputs/VERSION-none"
    )  # fmt: skip
    train.add_argument("--restart", action="store_true", help="forget the checkpoint of an earlier run")
    train.add_argument("--held-out", action="store_true", help=_HELD_OUT_HELP)
    export = add_command(
        commands, "export", "write model.onnx and check it against Keras on real scans", _export_variant
    )
    export.add_argument("version")
    export.add_argument("--litert", action="store_true", help="write model.tflite instead, for phones and small boards")
    export.add_argument("--int8", action="store_true", help="write model.int8.onnx instead, in whole numbers of 8 bits")
    export.epilog = (
        "Smaller variants are written beside a model.onnx that is there and evaluated, and only where they say the "
        "same of the test scans within stated bounds; what was measured of them goes into the card."
    )
    measure = add_command(commands, "evaluate", "measure a version on every split and write its card", _evaluate)
    measure.add_argument("version")
    measure.add_argument("--held-out", action="store_true", help=_HELD_OUT_HELP)
    study = add_command(
        commands, "study", "measure a version where it is hard: outside, novelty, robustness, ...", _study
    )
    study.add_argument("version")
    study.add_argument("--restart", action="store_true", help="measure again what was measured on this model already")
    compare = add_command(
        commands, "compare", "put versions side by side on the same scans; write outputs/comparison", _compare
    )
    compare.add_argument("versions", nargs="*", metavar="VERSION", help="default: every version with a recipe")
    compare.add_argument(
        "--restart", action="store_true", help="ask unchanged models again what they were asked before"
    )
    again = add_command(commands, "reproduce", "make a committed version again from raw data and compare", _reproduce)
    again.add_argument("version", help="a folder of outputs, such as v1 or v1-random")
    again.add_argument(
        "--check-only", type=Path, metavar="DIR", help="make nothing: compare with the version in this outputs folder"
    )
    again.add_argument("--table", type=Path, metavar="CSV", help="expected files, instead of the shipped table")
    weigh = add_command(commands, "hypotheses", "run the experiments behind the hypotheses and weigh them", _hypotheses)
    weigh.add_argument("--measured", action="store_true", help="train nothing: use the runs that are there")
    tried = add_command(
        commands, "experiment", "train v4_teacher otherwise, quickly, beside the usual way", _experiment
    )
    tried.add_argument("arms", nargs="*", metavar="ARM", help="of recipes/experiments/flagship.toml (default: all)")
    tried.add_argument("--measured", action="store_true", help="train nothing: use the runs that are there")


def _train(options: argparse.Namespace) -> int:
    from braintumor.training.train import train

    options.version = train(
        options.version, options.protocol, seed=options.seed, weights=options.weights, restart=options.restart
    )
    return _export(options) or _evaluate(options)


def _export(options: argparse.Namespace) -> int:
    from braintumor.training.export import export_model

    print(export_model(options.version))
    return 0


def _export_variant(options: argparse.Namespace) -> int:
    if not (options.litert or options.int8):
        return _export(options)
    from braintumor.evaluation.variants.export import export_variants

    for said in export_variants(options.version, litert=options.litert, int8=options.int8):
        print(said)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from braintumor.evaluation.evaluate import evaluate

    print(evaluate(options.version, skip_train_split=options.held_out))
    return 0


def _study(options: argparse.Namespace) -> int:
    from braintumor.evaluation.stress_test.runner import run_stress_test

    print(run_stress_test(options.version, restart=options.restart))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from braintumor.evaluation.comparison.compare import compare_models

    print(compare_models(options.versions, restart=options.restart))
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    from braintumor.evaluation.reproduce import reproduce

    found = reproduce(options.version, existing_outputs=options.check_only, table=options.table)
    print(found)
    return 0 if found.matches else 1


def _hypotheses(options: argparse.Namespace) -> int:
    from braintumor.evaluation.experiments.hypothesis_tests import run_hypothesis_experiments

    print(run_hypothesis_experiments(no_train=options.measured))
    return 0


def _experiment(options: argparse.Namespace) -> int:
    from braintumor.evaluation.experiments.ablation_study import run_ablation_study

    for sentence in run_ablation_study(options.arms, no_train=options.measured):
        print(sentence, flush=True)
    return 0
