"""Commands for models: train, train-folds, export, evaluate, stress-test, compare, reproduce and ablate."""

import argparse
from pathlib import Path
from typing import Final

from braintumor.cli.arguments import add_command, parse_seed
from braintumor.enums import Protocol

_SKIP_TRAIN_SPLIT_HELP: Final = "evaluate only the validation and test splits, for slow networks"


def add_model_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser."""
    _add_train(commands)
    train_folds = add_command(
        commands, "train-folds", "retrain a version in folds, each without some of its sources, and calibrate it on "
        "the predictions for the sources left out", _train_folds
    )  # fmt: skip
    train_folds.add_argument("version", help="a trained version whose recipe has a section [folds]")
    train_folds.add_argument("--restart", action="store_true", help="discard the checkpoints of interrupted folds")
    _add_export(commands)
    _add_evaluate(commands)
    stress_test = add_command(
        commands, "stress-test", "measure a model under harder conditions: external set, corruptions, ...", _stress_test
    )
    stress_test.add_argument("version")
    stress_test.add_argument("--restart", action="store_true", help="repeat checks that are up to date")
    compare = add_command(
        commands, "compare", "compare models on the same scans and write the results to outputs/comparison", _compare
    )
    compare.add_argument("versions", nargs="*", metavar="VERSION", help="default: every version with a recipe")
    compare.add_argument("--restart", action="store_true", help="repeat predictions that are up to date")
    _add_reproduce(commands)
    ablate = add_command(commands, "ablate", "train ablations of a recipe and compare them", _ablate)
    ablate.add_argument("study", choices=("hypotheses", "v4"), help="a file of recipes/ablations")
    ablate.add_argument("names", nargs="*", metavar="ABLATION", help="ablations to train (default: all)")
    ablate.add_argument("--no-train", action="store_true", help="analyse existing runs only")


def _add_train(commands: argparse._SubParsersAction) -> None:
    train = add_command(commands, "train", "train a model from its recipe, export it and evaluate it", _train)
    train.add_argument("version", help="name of a recipe, such as v1")
    train.add_argument("--protocol", type=Protocol, choices=list(Protocol), default=Protocol.GROUP)
    train.add_argument("--seed", type=parse_seed, help="seed (default: that of the recipe)")
    train.add_argument(
        "--weights", metavar="none|imagenet|FILE", help="initial weights: random, ImageNet through Keras, or ImageNet "
        "from a file (default: as in the recipe)"
    )  # fmt: skip
    train.add_argument("--restart", action="store_true", help="discard the checkpoint of an interrupted run")
    train.add_argument("--skip-train-split", action="store_true", help=_SKIP_TRAIN_SPLIT_HELP)
    train.epilog = (
        "Another protocol, seed or kind of initial weights than the recipe's writes to "
        "outputs/runs/VERSION/PROTOCOL-seedN."
    )


def _add_export(commands: argparse._SubParsersAction) -> None:
    export = add_command(commands, "export", "write model.onnx and check it against Keras on test scans", _export)
    export.add_argument("version")
    export.add_argument("--litert", action="store_true", help="write model.tflite instead, for mobile devices")
    export.add_argument("--int8", action="store_true", help="write model.int8.onnx instead, quantized to 8 bits")
    export.epilog = (
        "The smaller variants need an evaluated model.onnx. They are written only if their predictions on the test "
        "scans stay within fixed bounds of it; the measured differences are added to the model card."
    )


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    evaluate = add_command(commands, "evaluate", "evaluate a model on every split and update its card", _evaluate)
    evaluate.add_argument("version")
    evaluate.add_argument("--skip-train-split", action="store_true", help=_SKIP_TRAIN_SPLIT_HELP)
    evaluate.add_argument(
        "--diff", action="store_true", help="write nothing: evaluate again and list the metrics that differ from "
        "evaluation.json, old and new with their intervals"
    )  # fmt: skip


def _add_reproduce(commands: argparse._SubParsersAction) -> None:
    reproduce = add_command(commands, "reproduce", "retrain a model from the raw data and compare", _reproduce)
    reproduce.add_argument("version", help="a folder in outputs, such as v1 or runs/v1/random-seed1")
    reproduce.add_argument(
        "--check-only", type=Path, metavar="DIR", help="do not train: compare with the model in this outputs folder"
    )
    reproduce.add_argument(
        "--table", type=Path, metavar="CSV", help="table of the expected files (default: as published)"
    )


def _train(options: argparse.Namespace) -> int:
    from braintumor.training.train import train  # imported first, because it configures TensorFlow

    name = train(options.version, options.protocol, seed=options.seed, weights=options.weights, restart=options.restart)
    _export_and_evaluate(name, skip_train_split=options.skip_train_split)
    return 0


def _train_folds(options: argparse.Namespace) -> int:
    from braintumor.evaluation.evaluate import evaluate
    from braintumor.evaluation.source_folds.train_folds import train_folds

    for line in train_folds(options.version, restart=options.restart):
        print(line, flush=True)
    print(evaluate(options.version))
    return 0


def _export_and_evaluate(name: str, *, skip_train_split: bool) -> None:
    from braintumor.evaluation.evaluate import evaluate
    from braintumor.training.export import export_model

    print(export_model(name))
    print(evaluate(name, skip_train_split=skip_train_split))


def _export(options: argparse.Namespace) -> int:
    if not (options.litert or options.int8):
        from braintumor.training.export import export_model

        print(export_model(options.version))
        return 0
    from braintumor.evaluation.variants.export import export_variants

    for summary in export_variants(options.version, litert=options.litert, int8=options.int8):
        print(summary)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    if options.diff:
        from braintumor.evaluation.diff import diff_evaluation

        print(diff_evaluation(options.version, skip_train_split=options.skip_train_split))
        return 0
    from braintumor.evaluation.evaluate import evaluate

    print(evaluate(options.version, skip_train_split=options.skip_train_split))
    return 0


def _stress_test(options: argparse.Namespace) -> int:
    from braintumor.evaluation.stress_test.runner import run_stress_test

    print(run_stress_test(options.version, restart=options.restart))
    return 0


def _compare(options: argparse.Namespace) -> int:
    from braintumor.evaluation.comparison.compare import compare_models

    print(compare_models(options.versions, restart=options.restart))
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    from braintumor.evaluation.reproduce import reproduce

    reproduction = reproduce(options.version, existing_outputs=options.check_only, table=options.table)
    print(reproduction)
    return 0 if reproduction.matches else 1


def _ablate(options: argparse.Namespace) -> int:
    from braintumor.evaluation.experiments.ablate import ablate

    for line in ablate(options.study, options.names, no_train=options.no_train):
        print(line, flush=True)
    return 0
