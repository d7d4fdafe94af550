"""The benchmarks of recognition: what they train is what they say, and their tables come out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import signer
import torch

from slr_pose.skeleton import DEFAULT, Skeleton

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import ablation  # noqa: E402
import baselines  # noqa: E402

SKELETON = Skeleton.load(DEFAULT)
FRAMES = torch.tensor([24, 24])
TIMES = torch.linspace(0, 23, 32).expand(2, -1)


def clips() -> torch.Tensor:
    """Two clips of a left-handed signer, one of them without its right hand at times."""
    keypoints = torch.stack([torch.from_numpy(SKELETON.select(signer.perform("circle", n, 24))) for n in range(2)])
    keypoints = keypoints[:, :, SKELETON.mirror] * torch.tensor([-1.0, 1, 1, 1])
    keypoints[0, 5:9, list(SKELETON.part("left_hand").joints)] = 0
    return keypoints


@pytest.mark.parametrize("idea", list(ablation.NETWORK))
def test_a_network_without_an_idea_answers_otherwise(idea):
    answers = []
    for left_out in (None, idea):
        torch.manual_seed(0)
        model = ablation.built_without(left_out, SKELETON, {"gloss": 5}).eval()
        answers.append(model(clips(), FRAMES, TIMES)["gloss"])
    assert torch.isfinite(answers[1]).all()
    assert (answers[0] - answers[1]).abs().max() > 1e-4


@pytest.mark.parametrize("name", [name for name in baselines.VARIANTS if name != "ours"])
def test_a_baseline_learns_to_tell_a_clip_from_another(name):
    torch.manual_seed(0)
    model = baselines.VARIANTS[name](SKELETON, {"gloss": 2})
    keypoints = torch.stack([torch.from_numpy(SKELETON.select(signer.perform(s, 0, 24))) for s in ("slide", "wave")])
    optimizer = torch.optim.AdamW(model.parameters(), baselines.RECIPES.get(name, {}).get("learning_rate", 1e-3))
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(model(keypoints, FRAMES, TIMES)["gloss"], torch.tensor([0, 1]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("ablation.py", "--only", "graph convolution", "--only", "rotation"),
        ("baselines.py",),
        ("results.py",),
        ("few_clips.py", "--clips", "2", "--clips", "0"),
        ("rare.py",),
        ("step.py",),
    ],
)
def test_a_benchmark_prints_its_table_and_goes_on_where_it_stopped(command, signs, tmp_path):
    name, *options = command
    if name != "step.py":
        options += ["--epochs", "1", "--seeds", "2"]
    run = [sys.executable, BENCHMARKS / name, signs, *options]
    first = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})
    assert first.returncode == 0, first.stderr
    assert first.stdout.count("|\n") >= 3
    if name != "step.py":
        made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("figures.json")}
        again = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert made and made == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("figures.json")}
        assert again.stdout.splitlines()[:3] == first.stdout.splitlines()[:3]
