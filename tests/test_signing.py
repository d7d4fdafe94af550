"""From signing to a model that reads it: stretches whose signs have times, sentences that have none, and both."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import signer
from safetensors.numpy import load_file

import slr_pose
from slr_pose import BadInput, events
from slr_pose.pose import Pose
from slr_pose.roads.train import Trained
from slr_pose.timeline import Timeline

SIGN, GAP = 20, 8  # frames, of which there are 25 a second
GLOSSES = list(signer.SIGNS)


def signed(glosses: list[str], number: int) -> Pose:
    """Signs in a row by one of many signers, between whom the hands go straight from where they were."""
    poses = [signer.perform(gloss, number, SIGN) for gloss in glosses]
    parts = []
    for before, after in zip(poses, [*poses[1:], poses[-1]], strict=True):
        share = np.linspace(0, 1, GAP + 2)[1:-1, None, None]
        way = (1 - share) * before.keypoints[-1] + share * after.keypoints[0]
        parts += [before.keypoints, way.astype(np.float32)]
    keypoints = np.concatenate(parts)
    return replace(poses[0], keypoints=keypoints, confidence=np.ones(keypoints.shape[:2], dtype=np.float32))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """A folder with signing by eight signers, two of whom validate: `stretches.csv`, `sentences.csv`, `mixed.csv`."""
    folder = tmp_path_factory.mktemp("corpus")
    stretches, sentences = ["path,gloss,signer,split,start,end"], ["path,glosses,signer,split"]
    mixed = ["path,gloss,glosses,signer,split,start,end"]
    random = np.random.default_rng(0)
    for number in range(8):
        glosses = [GLOSSES[index] for index in random.permutation(4)] + [GLOSSES[number % 4]]
        signed(glosses, number).write(folder / f"{number}.pose")
        who = f"anna{number},{'train' if number < 6 else 'val'}"
        sentences.append(f"{number}.pose,{' '.join(glosses)},{who}")
        for place, gloss in enumerate(glosses):
            start = place * (SIGN + GAP)
            times = f"{start / 25},{(start + SIGN) / 25}"
            stretches.append(f"{number}.pose,{gloss},{who},{times}")
            mixed += [f"{number}.pose,{gloss},,{who},{times}"] * (number % 2)
        mixed += [f"{number}.pose,,{' '.join(glosses)},{who},,"] * (1 - number % 2)
    for name, lines in (("stretches", stretches), ("sentences", sentences), ("mixed", mixed)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return folder


def assert_reads(corpus: Path, model: Path) -> Timeline:
    """Its answer to a video."""
    timeline = slr_pose.annotate(corpus / "6.pose", model)
    assert timeline.start_s == 0 and timeline.end_s == pytest.approx(5 * (SIGN + GAP) / 25)
    for entry in timeline.tiers["gloss"]:
        assert 0 <= entry.start_s < entry.end_s and {label for label, _ in entry.labels} == set(GLOSSES)
    return timeline


def metrics(trained: Trained) -> dict[str, float]:
    return trained.info.training.metrics


@pytest.mark.parametrize("kind", ["sentences", "mixed", pytest.param("stretches", marks=pytest.mark.slow)])
def test_whatever_is_known_of_signing_can_be_learnt_from(corpus, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    trained = slr_pose.train(corpus / f"{kind}.csv", size="tiny", epochs=2, name=kind)
    assert trained.info.reads and trained.info.labels == {"gloss": sorted(GLOSSES)}
    assert trained.info.training.untimed == (sorted(GLOSSES) if kind == "sentences" else [])
    assert trained.info.names == (kind != "sentences")
    assert np.isfinite(metrics(trained)["val_reading_loss"])
    assert ("val_top1" in metrics(trained)) == (kind != "sentences")
    assert (trained.run / "report.md").exists()
    assert_reads(corpus, trained.run)
    measured = slr_pose.evaluate(corpus / f"{kind}.csv", trained.run)
    assert (measured.reading is not None) == (kind != "sentences") == bool(measured.evaluation.scores)
    assert (measured.sentence_wer is not None) == (kind != "stretches")
    figures = measured.as_dict()
    assert figures["split"] == "val" and figures["trained_on"] == 0
    if measured.reading:
        assert measured.reading.signs == (10 if kind == "stretches" else 5)
        assert figures["reading"]
    if measured.sentence_wer is not None:
        assert measured.sentence_wer >= 0


@pytest.mark.slow
def test_signing_that_was_learnt_is_read(corpus, tmp_path, monkeypatch):
    """By signers who were never seen, also where the times of their signs are known of nobody."""
    monkeypatch.chdir(tmp_path)
    trained = slr_pose.train(corpus / "stretches.csv", size="tiny", epochs=60, name="times")
    expected = (corpus / "sentences.csv").read_text().splitlines()[7].split(",")[1].split()
    for model in (trained.run, slr_pose.export_onnx(trained.run).file):
        named = [entry.labels[0][0] for entry in assert_reads(corpus, model).tiers["gloss"]]
        assert named == expected
    score = slr_pose.evaluate(corpus / "stretches.csv", trained.run).reading.as_dict()
    assert score["wer"] < 0.3


@pytest.mark.slow
def test_a_training_on_signing_that_was_stopped_ends_with_the_same_weights(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def stop(event: events.Event) -> None:
        if isinstance(event, events.Training) and event.epoch == 3:
            raise ZeroDivisionError

    how = {"size": "tiny", "epochs": 4, "seed": 4}
    whole = slr_pose.train(corpus / "mixed.csv", name="whole", **how)
    with pytest.raises(ZeroDivisionError):
        slr_pose.train(corpus / "mixed.csv", name="stopped", on_event=stop, **how)
    resumed = slr_pose.train(corpus / "mixed.csv", name="stopped", resume=True, **how)
    weights, same = (load_file(trained.model) for trained in (whole, resumed))
    assert all(np.array_equal(weights[name], same[name]) for name in weights)
    assert metrics(whole) == metrics(resumed)


def test_a_model_that_does_not_read_says_so(tmp_path, corpus):
    old = Path(__file__).parent / "data" / "first-schema.safetensors"
    with pytest.raises(BadInput, match="does not read signs in a row; .slr train. makes one"):
        slr_pose.annotate(corpus / "0.pose", old)
