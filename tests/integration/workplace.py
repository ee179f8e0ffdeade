"""A temporary project folder in which tests run, and kill, the commands a user would type."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


class Workplace:
    """A folder with its own inputs, outputs and recipes, and methods to run commands in it."""

    def __init__(self, folder: Path, recipe: str = "recipe.toml", version: str = "v1") -> None:
        self.folder, self.version = folder, version
        (folder / "recipes").mkdir()
        shutil.copy(HERE / "recipes" / recipe, folder / "recipes" / f"{version}.toml")
        self.environment = os.environ | {
            f"BRAINTUMOR_{name.upper()}": str(folder / name) for name in ("inputs", "outputs", "recipes")
        }

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "braintumor", *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str | Path) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=1800)
        assert process.returncode == 0, f"{arguments} failed:\n{out}\n{err}"
        return out

    def prepare(self) -> None:
        phantoms = self.folder / "phantoms"
        self.run("data", "phantoms", phantoms, "--per-class", "40")
        self.run("data", "fetch", "--from", phantoms, "--table", phantoms / "table.csv")
        self.run("data", "audit")
        self.run("data", "split")

    def kill_training_after(self, epochs: int) -> str:
        """Start the training, kill it after the given number of epochs, and return the history at that point."""
        running = self.start("train", self.version)
        folder = self.folder / "outputs" / self.version
        rows = folder / "work" / "history.csv"
        deadline = time.monotonic() + 1800
        while not (rows.is_file() and rows.read_text().count("\n") > epochs):
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < deadline, f"{epochs} epochs do not end"
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        assert not (folder / "model.keras").exists(), "the training ended before it was killed"
        return rows.read_text()
