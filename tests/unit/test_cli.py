"""Command line: wrong arguments are reported before anything is loaded."""

import pytest

from braintumor.cli import main


@pytest.mark.parametrize("command", [["train", "v1"], ["data", "split"], ["data", "phantoms", "x"]])
@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "x"])
def test_invalid_seed_is_refused(command: list[str], seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command, f"--seed={seed}"])
    assert stopped.value.code == 2
    assert f"'{seed}' is not a seed: give a whole number from 0 to 4294967295" in capsys.readouterr().err
