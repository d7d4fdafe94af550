"""How much of public HamNoSys is read and written back, what is not and why, and which palms its signers write.

    python benchmarks/lexicon.py ../shared/data/hamnosys

The folder holds `lexicon.csv` (id, gloss, hamnosys, ...) and the pairs of HearAI's parser, `parsed_source.txt` and
`parsed_result.txt`. The tables stand in docs/hamnosys.md.
"""

import csv
import re
import sys
from collections import Counter
from pathlib import Path

from slr_pose import BadInput
from slr_pose.hamnosys import ATTRIBUTES, parse, write
from slr_pose.hamnosys.attributes import OF_A_HAND, read
from slr_pose.hamnosys.notation import Notation, Sign, one_hand

FLAT, FRONT = {"hamflathand", "hamfinger2345"}, {"hamchest", "hamstomach", "hambelowstomach"}
TOWARDS = {"hamextfingeri", "hamextfingeril", "hamextfingerir"}


def main(folder: Path) -> None:
    with open(folder / "lexicon.csv", encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    found, refused, without = [], Counter(), Counter()
    for row in rows:
        try:
            notation = parse(row["hamnosys"])
        except BadInput as error:
            refused[re.sub(r" \(symbol[^)]*\)", "", str(error))] += 1
            continue
        assert write(notation) == "".join(row["hamnosys"].split()), row
        found.append(notation)
        try:
            read(notation)
        except BadInput as error:
            without[str(error).rsplit(",", 1)[1]] += 1
    share = len(found) / len(rows)
    print(f"{len(found)} of {len(rows)} notations ({share:.2%}) are read, and written back as they were.")
    print(f"\n{refused.total()} are not well-formed:")
    print_counts(refused)
    print(f"\n{without.total()} are read, but have no eight attributes:")
    print_counts(without)
    print("\nOf the first postures, the palm of a flat hand that touches the front of the body, by fingers:")
    print_counts(Counter(filter(None, map(on_the_body, found))))
    print("\nand the palm of a hand whose fingers point towards the signer, neither up nor down:")
    print_counts(Counter(name for notation in found for sign in notation.signs for name in towards_the_signer(sign)))
    print("\nDifferences from HearAI's parser, by column:")
    print_counts(differences(folder))


def print_counts(counts: Counter) -> None:
    for what, count in counts.most_common():
        print(f"{count:6}  {what}")


def on_the_body(notation: Notation) -> str | None:
    hand = one_hand(notation.signs[0].posture)
    if not len(hand.shapes) == len(hand.directions) == len(hand.palms) == len(hand.locations) == 1:
        return None
    (shape,), (location,) = hand.shapes, hand.locations
    parts = {part for site in location.sites for part in site.parts}
    touches = location.contact and location.contact.names == ("hamtouch",) and not location.contact.own
    if shape.base not in FLAT or shape.bending or not touches or not parts or not parts <= FRONT:
        return None
    return f"{' '.join(hand.directions[0].names)} {hand.palms[0].name}"


def towards_the_signer(sign: Sign) -> list[str]:
    hand = one_hand(sign.posture)
    if len(hand.directions) == len(hand.palms) == 1 and set(hand.directions[0].names) <= TOWARDS:
        return [f"{hand.directions[0].names[0]} {hand.palms[0].name}"]
    return []


def differences(folder: Path) -> Counter:
    """Of all columns that both fill, and of those of the other hand that only we fill."""
    distances = ["hamclose", "hambehind", "hamtouch", "hamarmextended", "haminterlock", "hamcross"]
    sources = (folder / "parsed_source.txt").read_text().splitlines()
    results = (folder / "parsed_result.txt").read_text().splitlines()[1:]
    counts = Counter(pairs=len(sources))
    for source, line in zip(sources, results, strict=True):
        ours, theirs = read(parse(source.split()[-1])), line.split()[3:]
        hands = {"": ours.attributes, "second ": ours.second}
        hands |= {"other hand's ": ours.other_hand, "other hand's second ": ours.other_second}
        columns = [("", "symmetry_operator"), ("", "nondominant")]
        columns += [(hand, head) for hand in hands for head in OF_A_HAND]
        columns += [("", "hand_location_x"), ("", "hand_location_y"), ("", "distance")]
        for (hand, head), value in zip(columns, theirs, strict=True):
            if head == "nondominant":
                own = int(ours.nondominant)
            elif head == "distance":
                own = distances.index(ours.distance) if ours.distance != "none" else 0
            else:
                own = ATTRIBUTES[head].index(hands[hand][head]) if head in hands[hand] else None
            if own != (None if value == "NaN" else int(float(value))):
                counts[f"{hand}{head}{', which theirs leaves empty' if value == 'NaN' else ''}"] += 1
    return counts


if __name__ == "__main__":
    main(Path(sys.argv[1]))
