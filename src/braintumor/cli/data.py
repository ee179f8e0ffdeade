"""Commands of the image set: fetch, audit, split, draw a stand-in, explore."""

import argparse
from pathlib import Path

from braintumor.cli.arguments import add_command, parse_seed
from braintumor.enums import Protocol


def add_data_commands(commands: argparse._SubParsersAction) -> None:
    """Add them to a parser's commands."""
    data = commands.add_parser("data", help="fetch, audit and split the image set")
    verbs = data.add_subparsers(required=True, metavar="VERB")
    fetch = add_command(verbs, "fetch", "get the Kaggle image set and verify it", _fetch)
    fetch.add_argument("--from", dest="source", type=Path, metavar="PATH", help="a folder or zip, instead of Kaggle")
    instead = fetch.add_mutually_exclusive_group()
    instead.add_argument("--masks", action="store_true", help="get the BRISC tumour masks instead of the images")
    instead.add_argument("--yes-no", action="store_true", help="get the set of 253 pictures with or without a tumour")
    fetch.add_argument("--table", type=Path, metavar="CSV", help="expected files, instead of the shipped table")
    add_command(verbs, "audit", "read every image once; write manifest.csv and audit.json", _audit)
    split = add_command(verbs, "split", "deal groups of images to train, validation and test", _split)
    split.add_argument("--protocol", type=Protocol, choices=list(Protocol), default=Protocol.GROUP)
    split.add_argument("--seed", type=parse_seed, default=0)
    phantoms = add_command(verbs, "phantoms", "draw a small stand-in image set (not real scans)", _phantoms)
    phantoms.add_argument("folder", type=Path)
    phantoms.add_argument("--per-class", type=int, default=24, help="images of each class (default 24)")
    phantoms.add_argument("--seed", type=parse_seed, default=0)
    phantoms.add_argument("--yes-no", action="store_true", help="draw folders yes and no instead of the four classes")
    add_command(commands, "explore", "average and compare the classes; write outputs/dataset", _explore)


def _fetch(options: argparse.Namespace) -> int:
    from braintumor.datasets.catalog import BINARY_SET, KAGGLE
    from braintumor.datasets.download import fetch_dataset
    from braintumor.datasets.masks import fetch_masks

    wanted = BINARY_SET if options.yes_no else KAGGLE
    print(
        fetch_masks(options.source) if options.masks
        else fetch_dataset(source=options.source, file_table=options.table, image_set=wanted)
    )  # fmt: skip
    return 0


def _audit(options: argparse.Namespace) -> int:
    from braintumor.datasets.audit import audit_dataset

    print(audit_dataset())
    return 0


def _split(options: argparse.Namespace) -> int:
    from braintumor.datasets.splits import split_dataset

    print(split_dataset(options.protocol, options.seed))
    return 0


def _explore(options: argparse.Namespace) -> int:
    from braintumor.exploration.explore import explore_dataset

    print(explore_dataset())
    return 0


def _phantoms(options: argparse.Namespace) -> int:
    import pandas as pd

    from braintumor.datasets.catalog import write_file_table
    from braintumor.datasets.phantom_sets import BINARY_TABLE_FILE, write_binary_phantoms, write_phantoms

    folder, table = options.folder, options.folder / BINARY_TABLE_FILE
    if options.yes_no:
        count = write_binary_phantoms(folder, options.per_class, options.seed)
    else:
        count = write_phantoms(folder, options.per_class, options.seed)
        write_file_table(folder, pd.read_csv(folder / "provenance.csv", dtype=str, keep_default_na=False), table)
    command = f"braintumor data fetch{' --yes-no' if options.yes_no else ''} --from {folder} --table {table}"
    print(f"Drew {count} phantoms. Use them with: {command}")
    return 0
