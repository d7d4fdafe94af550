"""Where pairs are few: the text of the pair whose glosses are nearest."""

import math
from collections import Counter

from slr_pose.translation.glosses import Alternatives
from slr_pose.translation.pairs import Pair


class Nearest:
    """Cosine of glosses weighted by tf-idf (Salton and Buckley, 1988)."""

    def __init__(self, pairs: list[Pair]):
        self.pairs = pairs
        found_in = Counter(gloss for pair in pairs for gloss in set(pair.glosses))
        self.rarity = {gloss: 1 + math.log((1 + len(pairs)) / (1 + count)) for gloss, count in found_in.items()}
        self.rarest = 1 + math.log(1 + len(pairs))
        self.vectors = [self._vector([[(gloss, 1.0)] for gloss in pair.glosses]) for pair in pairs]

    def __call__(self, sentence: list[Alternatives]) -> tuple[Pair, float]:
        """The nearest pair, and its cosine, 0 to 1."""
        asked = self._vector(sentence)
        cosines = [sum(asked[gloss] * weight for gloss, weight in known.items()) for known in self.vectors]
        best = max(range(len(cosines)), key=cosines.__getitem__)
        return self.pairs[best], cosines[best]

    def _vector(self, sentence: list[Alternatives]) -> Counter:
        """Weights of length 1."""
        vector: Counter = Counter()
        for place in sentence:
            for gloss, share in place:
                vector[gloss] += share * self.rarity.get(gloss, self.rarest)
        length = math.sqrt(sum(weight**2 for weight in vector.values())) or 1.0
        return Counter({gloss: weight / length for gloss, weight in vector.items()})
