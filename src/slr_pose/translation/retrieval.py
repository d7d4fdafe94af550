"""Beside the network, and better where pairs are few: the text of the pair whose glosses are nearest."""

import math
from collections import Counter, defaultdict

from slr_pose.translation.glosses import Alternatives
from slr_pose.translation.pairs import Pair


class Nearest:
    """Cosine of glosses weighted by tf-idf (Salton and Buckley, 1988)."""

    def __init__(self, pairs: list[Pair]):
        self.pairs = pairs
        found_in = Counter(gloss for pair in pairs for gloss in set(pair.glosses))
        self.rarity = {gloss: 1 + math.log((1 + len(pairs)) / (1 + count)) for gloss, count in found_in.items()}
        self.rarest = 1 + math.log(1 + len(pairs))
        # The pairs that have a gloss, and its weight in each.
        self.holding: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, pair in enumerate(pairs):
            for gloss, weight in self._vector(pair.places).items():
                self.holding[gloss].append((number, weight))

    def __call__(self, sentence: list[Alternatives]) -> tuple[Pair, float]:
        """The nearest pair, and its cosine, 0 to 1."""
        cosines = defaultdict(float, {0: 0.0})
        for gloss, share in self._vector(sentence).items():
            for number, weight in self.holding.get(gloss, ()):
                cosines[number] += share * weight
        best = min(cosines, key=lambda number: (-cosines[number], number))
        return self.pairs[best], cosines[best]

    def _vector(self, sentence: list[Alternatives]) -> dict[str, float]:
        """Weights of length 1."""
        vector: dict[str, float] = defaultdict(float)
        for place in sentence:
            for gloss, share in place:
                vector[gloss] += share * self.rarity.get(gloss, self.rarest)
        length = math.sqrt(sum(weight**2 for weight in vector.values())) or 1.0
        return {gloss: weight / length for gloss, weight in vector.items()}
