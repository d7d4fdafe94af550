"""Who signs in which split."""

from collections import Counter, defaultdict

from slr_pose.checks.finding import Finding
from slr_pose.data.clip import Clip
from slr_pose.text import count


def check_signers(clips: list[Clip]) -> list[Finding]:
    """Signers on both sides of a split, the most clips first, and clips of whom nobody knows who signs."""
    splits: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        if clip.signer and clip.split:
            splits[clip.signer][clip.split] += 1
    shared = sorted((who for who in splits if len(splits[who]) > 1), key=lambda who: (-splits[who].total(), who))
    found = [
        Finding(
            "signer in two splits", f"{who}: {', '.join(f'{number} {split}' for split, number in splits[who].items())}"
        )
        for who in shared
    ]
    unknown = sum(clip.signer is None for clip in clips)
    if unknown:
        found.append(Finding("no signer", f"{unknown} of {count(len(clips), 'clip')}"))
    return found
