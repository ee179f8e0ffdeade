"""Commands for the image sets: fetch, audit, split, phantoms and explore."""

import argparse
from pathlib import Path
from typing import Final

from braintumor.cli.arguments import add_command, parse_seed
from braintumor.enums import Protocol

_BINARY: Final = "binary"
_DATASETS: Final = ("kaggle", _BINARY)


def add_data_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser."""
    data = commands.add_parser("data", help="fetch, audit and split the image sets")
    verbs = data.add_subparsers(required=True, metavar="COMMAND")
    fetch = add_command(verbs, "fetch", "download an image set and verify its files", _fetch)
    fetch.add_argument("--from", dest="source", type=Path, metavar="PATH", help="copy from this folder or ZIP instead")
    choice = fetch.add_mutually_exclusive_group()
    choice.add_argument("--masks", action="store_true", help="fetch the BRISC tumour masks instead of images")
    choice.add_argument("--external", action="store_true", help="fetch brain MRI of other sources")
    choice.add_argument(
        "--dataset", choices=_DATASETS, default="kaggle", help="kaggle: four classes (default); binary: 253 images "
        "with or without a tumour"
    )  # fmt: skip
    fetch.add_argument("--table", type=Path, metavar="CSV", help="table of the expected files (default: as published)")
    audit = add_command(verbs, "audit", "read every image once and write manifest.csv and audit.json", _audit)
    audit.add_argument("--external", action="store_true", help="read the other sources and write external.csv")
    audit.add_argument("--table", type=Path, metavar="CSV", help="with --external: table of the expected files")
    split = add_command(verbs, "split", "split the patient groups into training, validation and test", _split)
    split.add_argument("--protocol", type=Protocol, choices=list(Protocol), default=Protocol.GROUP)
    split.add_argument("--seed", type=parse_seed, default=0)
    phantoms = add_command(verbs, "phantoms", "draw a small synthetic image set (not real scans)", _phantoms)
    phantoms.add_argument("folder", type=Path)
    phantoms.add_argument("--per-class", type=int, default=24, help="images per class (default 24)")
    phantoms.add_argument("--seed", type=parse_seed, default=0)
    phantoms.add_argument("--dataset", choices=_DATASETS, default="kaggle", help="layout of the set (default kaggle)")
    add_command(commands, "explore", "compute statistics of the image set and write them to outputs/dataset", _explore)


def _fetch(options: argparse.Namespace) -> int:
    from braintumor.datasets.catalog import BINARY_SET, KAGGLE
    from braintumor.datasets.download import fetch_dataset
    from braintumor.datasets.masks import fetch_masks

    if options.external:
        from braintumor.datasets.external.fetch import fetch_external

        print(fetch_external(options.source, options.table))
        return 0
    if options.masks:
        print(fetch_masks(options.source))
        return 0
    image_set = BINARY_SET if options.dataset == _BINARY else KAGGLE
    print(fetch_dataset(source=options.source, file_table=options.table, image_set=image_set))
    return 0


def _audit(options: argparse.Namespace) -> int:
    if options.external:
        from braintumor.datasets.external.audit import audit_external

        print(audit_external(options.table))
        return 0
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
    if options.dataset == _BINARY:
        count = write_binary_phantoms(folder, options.per_class, options.seed)
    else:
        count = write_phantoms(folder, options.per_class, options.seed)
        write_file_table(folder, pd.read_csv(folder / "provenance.csv", dtype=str, keep_default_na=False), table)
    dataset = f" --dataset {_BINARY}" if options.dataset == _BINARY else ""
    print(f"Drew {count} phantoms. Use them with: braintumor data fetch{dataset} --from {folder} --table {table}")
    return 0
