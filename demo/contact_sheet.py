"""A model's answers in one picture: `python demo/contact_sheet.py MODEL MANIFEST OUTPUT.png`, a frame a clip.

Each shows the keypoints that the model saw in the middle of the clip, what it answered, and what would have been right.
"""

import sys
from pathlib import Path

from slr_pose.data.manifest import read_dataset
from slr_pose.media.video import read_frames
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.view import Drawing, pose_of, sheet

TILE_PX = 400


def main(model: Path, manifest: Path, output: Path) -> None:
    recognizer = Recognizer.load(model)
    tiles = []
    for clip in read_dataset(manifest):
        pose = pose_of(clip.path)
        middle = len(pose.keypoints) // 2
        frames = [picture for _, picture in read_frames(clip.path)]
        (signed,) = recognizer.predict([pose])[0].tiers["gloss"]
        answer, share = signed.labels[0]
        right = "" if answer == clip.labels["gloss"] else f", not {clip.labels['gloss']}"
        tiles.append(
            Drawing(pose, TILE_PX, on_white=False).frame(middle, frames[middle], f"{answer} {share:.0%}{right}")
        )
    sheet(tiles).save(output)
    print(f"{output}: {len(tiles)} clips.")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
