"""Lexicons as others have them: variants, rows that cannot be read, notations that say too little."""

import json
import unicodedata

import pytest
from answers import labels
from hypothesis import given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.hamnosys import ATTRIBUTES
from slr_pose.hamnosys.lexicon import attributes_of, rank, read_lexicon

BOOK, FIST, DAY = (f"{shape} hamextfingeru hampalml hamchest" for shape in ("hamflathand", "hamfist", "hamfinger2"))
LEXICON = f"""Gloss;HamNoSys;source
größe;{BOOK};a
{unicodedata.normalize("NFD", "größe")};{FIST};b

day;{DAY};c
cat;hamfist hamdoublebent hamextfingeru hamchest hamdoublebent;d
dog;"hamfisst

";e
;{DAY};f
walk;hammoveu;g
wave;hamfist hammoveu;h
größe;{FIST};again
"""


def test_variants_are_variants_and_what_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "signs.csv"
    path.write_text(LEXICON, encoding="utf-8")
    signs, left_out = read_lexicon(path)
    assert signs == {"größe": [BOOK, FIST], "day": [DAY], "wave": ["hamfist hammoveu"]}
    assert [sentence.split(": ")[0].rpartition(" ")[2] for sentence in left_out] == ["6", "7", "10", "11"]
    assert "hamdoublebent" in left_out[0] and "hamfist" in left_out[1] and "gloss is missing" in left_out[2]
    attributes, vague = attributes_of(signs)
    assert {gloss: len(variants) for gloss, variants in attributes.items()} == {"größe": 2, "day": 1}
    assert len(vague) == 1 and vague[0].startswith("wave: the first posture, hamfist, has no")


def test_predict_uses_what_can_be_read_and_names_the_rest(slr):
    (slr.folder / "signs.csv").write_text(LEXICON, encoding="utf-16")
    result = slr("predict", "--sample", "--lexicon", "signs.csv", "--json")
    (found,) = json.loads(result.stdout)
    assert {sign["label"] for sign in labels(found)["lexicon"]} == {"größe", "day"}
    assert "5 signs of signs.csv left out" in result.stderr
    assert "line 6" in result.stderr and "line 7" in result.stderr and "wave: " in result.stderr


def test_a_lexicon_of_which_nothing_can_be_read_is_refused(tmp_path):
    path = tmp_path / "signs.csv"
    path.write_text("gloss,hamnosys\n" + "x,y\n" * 9)
    with pytest.raises(BadInput, match="line 2: 'y'.*; and 4 more\\.$"):
        read_lexicon(path)


shares = st.fixed_dictionaries(
    {
        head: st.permutations(names).map(lambda order: [(n, 2.0**-r) for r, n in enumerate(order, 1)])
        for head, names in ATTRIBUTES.items()
    }
)
signs = st.fixed_dictionaries(
    {head: st.sampled_from(names).map(lambda name: {name}) for head, names in ATTRIBUTES.items()}
)


@given(shares, st.lists(st.lists(signs, min_size=1, max_size=3), min_size=1, max_size=4))
def test_of_the_variants_of_a_gloss_the_best_counts(heads, glosses):
    together = rank(heads, {str(number): variants for number, variants in enumerate(glosses)})
    assert sum(share for _, share in together) == pytest.approx(1)
    apart = rank(heads, {(n, v): [sign] for n, variants in enumerate(glosses) for v, sign in enumerate(variants)})
    best = {}
    for (number, _), share in apart:
        best[str(number)] = max(best.get(str(number), 0), share)
    total = sum(best.values())
    assert dict(together) == pytest.approx({gloss: share / total for gloss, share in best.items()})
