"""Does MediaPipe see the synthetic signer, and how wrong is what it sees? Tables in Markdown.

    python benchmarks/signer.py [CLIPS] [FOLDER]     by default 48 clips, in a folder that is thrown away

Renders signs by as many signers, extracts keypoints with `slr extract-pose`'s own code, and compares them with the
exact ones. Half of the signs are the twelve made-up ones that come with `slr synthesize`; the others are invented, with
all handshapes, palms and places drawn evenly, and harder than what people sign. A hand counts as visible when all of
its joints are in the picture. Errors are 2D distances in shoulder widths. The last part prints the constants of
`slr_pose/signer/noise.py` and `slr_pose/hamnosys/depth.py`. With the manifest in FOLDER, `python benchmarks/hamnosys.py
FOLDER/clips.csv` tells how many attributes come back.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from slr_pose.hamnosys import write_names
from slr_pose.hamnosys.joints import OF_HAND, joint
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.keypoints.segment import extract_pose
from slr_pose.pose import Pose
from slr_pose.signer.invention import invent
from slr_pose.signer.noise import BODY, HANDS, before_face, behind, palm_length, shoulder_width
from slr_pose.signer.planned_clip import PlannedClip
from slr_pose.signer.synthesis import MADE_UP, write_manifest

SEED = 1
WRONG = 0.15  # a hand whose joints are off by more, in the mean, is taken for something else


def main(clips: int, folder: Path) -> None:
    random = np.random.default_rng(SEED)
    known = [notation for notations in read_lexicon(MADE_UP)[0].values() for notation in notations]
    signs = {"made-up signs": [known[number % len(known)] for number in range(clips // 2)]}
    signs["invented signs"] = [" ".join(write_names(invent(random))) for _ in range(clips - clips // 2)]
    pairs: dict[str, list[tuple[Pose, Pose]]] = {}
    made: list[PlannedClip] = []
    for group, notations in signs.items():
        for notation in notations:
            number = sum(map(len, pairs.values()))
            clip = PlannedClip(folder, f"clip{number}", (group,), (notation,), number, 0, SEED, pose_only=False)
            made.append(clip)
            if not clip.is_made():
                clip.make()
            extracted = clip.file.with_suffix(".pose")
            if not extracted.exists():
                extract_pose(clip.file).write(extracted)
            pairs.setdefault(group, []).append((Pose.read(clip.truth), Pose.read(extracted)))
            print(f"\r{number + 1} of {clips} clips", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    write_manifest(folder, made)
    for group, some in pairs.items():
        print(f"\n### {len(some)} clips of {group}\n")
        print_detection(some)
        print_errors(some)
    print_noise(sum(pairs.values(), []))


def joined(pairs: list[tuple[Pose, Pose]]) -> tuple[np.ndarray, ...]:
    """True keypoints and what was found of them, confidence of both, in one row, and the clip of each frame."""
    lengths = [min(len(truth.keypoints), len(found.keypoints)) for truth, found in pairs]
    parts = [
        (truth.keypoints[:n], found.keypoints[:n], truth.confidence[:n], found.confidence[:n], np.full(n, number))
        for number, ((truth, found), n) in enumerate(zip(pairs, lengths, strict=True))
    ]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def in_picture(truth: np.ndarray, hand: slice, size: tuple[int, int]) -> np.ndarray:
    """Frames in which all joints of a hand are in the picture."""
    return ((truth[:, hand, :2] > 2) & (truth[:, hand, :2] < np.array(size) - 2)).all(axis=(1, 2))


def print_detection(pairs: list[tuple[Pose, Pose]]) -> None:
    truth, found, _, seen, _ = joined(pairs)
    size = pairs[0][0].width, pairs[0][0].height
    rows = {"body": seen[:, 0] > 0}
    for name, hand in zip(("left hand", "right hand"), HANDS, strict=True):
        visible, face = in_picture(truth, hand, size), before_face(truth, hand)
        there = seen[:, hand.start] > 0
        rows |= {name: there[visible], f"{name}, before the face": there[visible & face]}
        rows |= {f"{name}, elsewhere": there[visible & ~face]}
    print("| | frames | found |\n|---|---|---|")
    for name, there in rows.items():
        print(f"| {name} | {len(there)} | {there.mean():.1%} |")


def print_errors(pairs: list[tuple[Pose, Pose]]) -> None:
    truth, found, _, seen, _ = joined(pairs)
    error = np.linalg.norm(found[..., :2] - truth[..., :2], axis=-1) / shoulder_width(truth)[:, None]
    face = slice(joint("nose"), joint("right_mouth") + 1)
    groups = {"eyes, nose, mouth, ears": face, "shoulders": pair_of("shoulder"), "elbows": pair_of("elbow")}
    groups |= {"wrists of the body": pair_of("wrist"), "left hand": HANDS[0], "right hand": HANDS[1]}
    print("\n| error / shoulder width | median | 90 % | hands that are wrong |\n|---|---|---|---|")
    for name, columns in groups.items():
        inside = error[:, columns][seen[:, columns] > 0.5]
        wrong = ""
        if "hand" in name:
            there = seen[:, columns.start] > 0
            wrong = f"{(error[there, columns].mean(axis=1) > WRONG).mean():.1%}"
        print(f"| {name} | {np.median(inside):.3f} | {np.percentile(inside, 90):.3f} | {wrong} |")


def pair_of(part: str) -> slice:
    """The joints of both sides, which stand beside each other."""
    return slice(joint(f"left_{part}"), joint(f"right_{part}") + 1)


def print_noise(pairs: list[tuple[Pose, Pose]]) -> None:
    """What `noise.py` needs: sizes in shoulder widths for the body and in palm lengths for the hands."""
    truth, found, _, seen, clip = joined(pairs)
    size = pairs[0][0].width, pairs[0][0].height
    goes_on = clip[1:] == clip[:-1]
    pixels = np.array((1, 1, size[0]))
    error = (found[:, BODY] - truth[:, BODY]) * pixels / shoulder_width(truth)[:, None, None]
    clips = np.stack([np.median(error[clip == n], axis=0) for n in range(len(pairs))])
    rows = {"offset": np.median(clips, axis=0), "from clip to clip": spread(clips, axis=0)}
    rows["within a clip"] = spread(error - clips[clip], axis=0)
    print("\nBody, shoulder widths: x, y, z of each point")
    for name, values in rows.items():
        print(f"{name}: {[[float(v) for v in row] for row in values.round(3)]}")
    print(f"lag-1 correlation {lag(error - clips[clip], goes_on[:, None, None]):.2f}")
    for name in ("left_elbow", "right_elbow", "left_wrist", "right_wrist"):
        true_z, found_z = (
            part[:, joint(name), 2]
            - np.array([np.median(part[clip == n, joint(name), 2]) for n in range(len(pairs))])[clip]
            for part in (truth, found)
        )
        print(f"depth of {name}: slope {(true_z * found_z).sum() / (true_z**2).sum():.2f}")
    for name, hand in zip(("left", "right"), HANDS, strict=True):
        there = seen[:, hand.start] > 0
        palm = palm_length(truth[:, hand] * pixels)[:, None]
        error = (found[:, hand, :2] - truth[:, hand, :2]) / palm[..., None]
        wrong = (np.linalg.norm(error, axis=-1).mean(axis=1) > 0.5) & there
        good = there & ~wrong
        both = good[1:] & good[:-1] & goes_on
        common = error.mean(axis=1, keepdims=True)
        own = error - common
        folded = behind(truth[:, hand], size[0])
        print(
            f"\n{name} hand, palm lengths: wrong {wrong.sum() / there.sum():.3f}, together {spread(common[good]):.3f}"
        )
        in_view = [own[good][:, number][~folded[good][:, number]] for number in range(len(OF_HAND))]
        print(f"own, in view: {[float(spread(values).round(3)) for values in in_view]}")
        print(f"own, hidden: {spread(own[good][folded[good]]):.3f}, share hidden {folded[good].mean():.2f}")
        for what, values in (("together", common), ("own", own)):
            step = spread((values[1:] - values[:-1])[both])
            print(f"{what}: lag-1 {lag(values, both[:, None, None]):.2f}, from frame to frame {step:.3f}")
        true_z, found_z = (part[:, hand, 2] * size[0] / palm for part in (truth, found))
        slope, rest = np.polyfit(true_z[good].ravel(), found_z[good].ravel(), 1)
        left = found_z - slope * true_z
        smooth = lag(left, both[:, None])
        print(f"depth: slope {slope:.2f}, rest {rest:+.2f}, spread {spread(left[good]):.3f}, lag-1 {smooth:.2f}")
        runs = np.flatnonzero(np.diff(np.concatenate([[0], wrong.astype(int), [0]])))
        print(f"wrong: runs of {(runs[1::2] - runs[::2]).mean() if len(runs) else 0:.1f} frames")
        visible, face = in_picture(truth, hand, size), before_face(truth, hand)
        for where, mask in (("before the face", face & visible), ("elsewhere", ~face & visible)):
            runs = np.flatnonzero(np.diff(np.concatenate([[0], (~there & mask).astype(int), [0]])))
            length = (runs[1::2] - runs[::2]).mean() if len(runs) else 0
            print(f"lost {where}: {(~there & mask).sum() / max(mask.sum(), 1):.4f}, runs of {length:.1f} frames")


def spread(values: np.ndarray, axis=None) -> np.ndarray:
    """A standard deviation that outliers do not move: from the quartiles."""
    low, high = np.percentile(values, (25, 75), axis=axis)
    return (high - low) / 1.349


def lag(values: np.ndarray, both: np.ndarray) -> float:
    """Correlation of neighbouring frames."""
    first, second = (np.where(both, part, np.nan).ravel() for part in (values[:-1], values[1:]))
    ok = np.isfinite(first) & np.isfinite(second) & (abs(first) < 1) & (abs(second) < 1)
    return float(np.corrcoef(first[ok], second[ok])[0, 1])


if __name__ == "__main__":
    clips = int(sys.argv[1]) if len(sys.argv) > 1 else 48
    if len(sys.argv) > 2:
        main(clips, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(clips, Path(folder))
