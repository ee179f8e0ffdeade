"""Run the notebooks from top to bottom, each in a new kernel, and save their outputs (`make notebooks`)."""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "jupyter_notebooks"


def run(path: Path, target: Path, timeout: int = 3600) -> None:
    """Run one notebook and write it with its outputs, without timings, which change in every run."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=timeout, record_timing=False, resources={"metadata": {"path": ROOT}}).execute()
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":  # library log messages are not results
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, target)


def main() -> int:
    """Run the selected notebooks, or all of them, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks to run (default: all in jupyter_notebooks/)")
    parser.add_argument("--into", type=Path, help="output folder (default: overwrite the notebooks)")
    options = parser.parse_args()
    # In a notebook, every redraw of a progress bar would be saved as a new line.
    os.environ.setdefault("TQDM_DISABLE", "1")
    for path in options.notebooks or sorted(FOLDER.glob("*.ipynb")):
        print(f"{path.name} ...", flush=True)
        try:
            run(path, (options.into or path.parent) / path.name)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
