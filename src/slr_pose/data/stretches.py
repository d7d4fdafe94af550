"""Signs of one file that follow each other closely -> stretches of signing."""

from pathlib import Path

from slr_pose.data.clip import Clip, Sign

LONGEST_GAP_S = 2.0  # between two signs; over a longer one nobody says that nothing was signed

Timed = tuple[Sign, Clip]  # a clip of one sign, and that sign with its times


def join(clips: list[Clip]) -> list[Clip]:
    """Clips of one sign that neighbour in a file become one clip, whose `signs` they are.

    They neighbour where both have a start and an end, the gap between them is at most `LONGEST_GAP_S`, and signer and
    split are the same. Those that overlap others stay as they are, and so do all other clips. A stretch stands where
    the first of its signs stood, and has the name of that.
    """
    files: dict[Path, list[Timed]] = {}
    for clip in clips:
        if clip.start_s is not None and clip.end_s is not None and not (clip.signs or clip.glosses):
            files.setdefault(clip.path, []).append((Sign(clip.start_s, clip.end_s, clip.labels), clip))
    stretches: dict[Clip, Clip] = {}
    for run in (run for signs in files.values() for run in _runs(signs) if len(run) > 1):
        stretches |= dict.fromkeys([clip for _, clip in run], _stretch(run))
    return list(dict.fromkeys(stretches.get(clip, clip) for clip in clips))


def _runs(signs: list[Timed]) -> list[list[Timed]]:
    """The signs of a file in order of time, those that neighbour together."""
    runs: list[list[Timed]] = []
    is_open = False  # whether the next sign may go on with the last run
    for group in _overlapping(signs):
        if is_open and len(group) == 1 and _neighbour(runs[-1][-1], group[0]):
            runs[-1].append(group[0])
        else:
            runs += [[each] for each in group]
        is_open = len(group) == 1
    return runs


def _overlapping(signs: list[Timed]) -> list[list[Timed]]:
    """The signs of a file in order of time, those that overlap together."""
    groups: list[list[Timed]] = []
    reached_s = 0.0
    for sign, clip in sorted(signs, key=lambda timed: (timed[0].start_s, timed[0].end_s)):
        if groups and sign.start_s < reached_s:
            groups[-1].append((sign, clip))
        else:
            groups.append([(sign, clip)])
        reached_s = max(reached_s, sign.end_s)
    return groups


def _neighbour(before: Timed, after: Timed) -> bool:
    same = (before[1].signer, before[1].split) == (after[1].signer, after[1].split)
    return same and after[0].start_s - before[0].end_s <= LONGEST_GAP_S


def _stretch(run: list[Timed]) -> Clip:
    (first, clip), (last, _) = run[0], run[-1]
    signs = tuple(sign for sign, _ in run)
    return Clip(clip.path, {}, clip.signer, clip.split, first.start_s, last.end_s, name=clip.name, signs=signs)
