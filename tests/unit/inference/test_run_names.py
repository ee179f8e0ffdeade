"""Runs: a folder's name and the command that makes it say the same."""

import pytest

from braintumor.enums import Protocol
from braintumor.inference.run_names import run_name, train_command, with_protocol


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("v4", "braintumor train v4"),
        ("v4_without_sartaj-seed3", "braintumor train v4_without_sartaj --seed 3"),
        ("wide-cnn-official-none-seed2", "braintumor train wide-cnn --protocol official --weights none --seed 2"),
    ],
)
def test_a_folder_name_says_how_it_was_made(name: str, command: str) -> None:
    assert train_command(name) == command


def test_what_a_run_does_otherwise_is_in_its_name() -> None:
    assert run_name("v4", Protocol.GROUP) == "v4"
    assert run_name("wide-cnn", Protocol.OFFICIAL, 2, "none") == "wide-cnn-official-none-seed2"


def test_a_run_keeps_its_seed_under_another_protocol() -> None:
    assert with_protocol("v4_teacher-seed2", Protocol.OFFICIAL) == "v4_teacher-official-seed2"
    assert with_protocol("v4_teacher-official", Protocol.GROUP) == "v4_teacher"
