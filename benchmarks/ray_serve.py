"""What batches bring on Ray Serve: the program in docs/serving.md, with batches of up to 1 and up to 16.

    python benchmarks/ray_serve.py MODEL POSE... [--seconds 20]

Where no cluster is known, Ray begins one of this machine. Sixteen ask at a time, each again as soon as it has its
answer. Poses are sent in turn. The network alone is timed, too, in this process, with as many clips together.
"""

import re
import subprocess
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from serve import asked, row
from store import timed

import slr_pose

PAGE = Path(__file__).parents[1] / "docs" / "serving.md"
BATCHES = (1, 16)
ASKING = 16
HOST = "127.0.0.1:8000"


def main(
    model: Annotated[Path, typer.Argument(help="Run, checkpoint or ONNX file.")],
    files: Annotated[list[Path], typer.Argument(help=".pose files.")],
    seconds: Annotated[float, typer.Option(help="Of each load.")] = 20,
) -> None:
    contents = [(file.name, file.read_bytes()) for file in files]
    print("| batches up to | network, ms a clip | requests | a second | median ms | 99 % ms | other than 200 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in BATCHES:
        alone = ms_a_clip(model, files, size)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "signs.py").write_text(program(size))
            command = ["serve", "run", "--working-dir", ".", "signs:app", f"model={model.absolute()}"]
            run = partial(subprocess.Popen, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            with run(command, cwd=folder) as server:
                assert any("is ready" in line for line in server.stdout)
                threading.Thread(target=server.stdout.read, daemon=True).start()
                asked(HOST, contents, ASKING, 5)  # so that everything is in memory
                found = asked(HOST, contents, ASKING, seconds)
                server.terminate()
        print(row(f"{size} | {alone:.1f}", *found, seconds), flush=True)


def program(size: int) -> str:
    """What stands in the docs, with batches of that size."""
    section = PAGE.read_text("utf-8").partition("\n## On Ray\n")[2]
    (text,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert "max_batch_size=16" in text
    return text.replace("max_batch_size=16", f"max_batch_size={size}")


def ms_a_clip(model: Path, files: list[Path], size: int) -> float:
    """What a clip takes of which so many are answered together."""
    recognizer, poses = slr_pose.Recognizer.load(model), list(map(slr_pose.Pose.read, files * size))
    parts = [poses[first : first + size] for first in range(0, len(files), size)]
    return float(np.median([timed(lambda some=some: recognizer.predict(some))[1] / size for some in parts])) * 1000


if __name__ == "__main__":
    typer.run(main)
