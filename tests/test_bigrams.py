"""Which sign follows which: probabilities of whatever is written, and what is seen often is likely."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.recognition.bigrams import bigrams, read_bigrams

GLOSSES = ["BOOK", "BIRD", "PT:PRO1", "READ"]
BEGINNING = len(GLOSSES) + 1
texts = st.lists(st.lists(st.sampled_from([*GLOSSES, "never learnt", "nor this"]), max_size=6), max_size=12)


def shares(sentences: list[list[str]]) -> np.ndarray:
    return np.exp(bigrams(sentences, GLOSSES)) / (len(GLOSSES) + 1)


@given(texts)
def test_after_every_sign_the_signs_share_one_and_none_is_impossible(sentences):
    found = shares(sentences)
    assert found.shape == (len(GLOSSES) + 2, len(GLOSSES) + 1)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found > 0).all()


@given(texts, st.randoms())
def test_the_order_of_the_sentences_does_not_count(sentences, random):
    np.testing.assert_allclose(shares(sentences), shares(random.sample(sentences, len(sentences))))


def test_nothing_that_is_written_tells_nothing():
    np.testing.assert_allclose(bigrams([], GLOSSES), 0, atol=1e-12)


def test_probabilities_by_hand():
    """BOOK READ twice, BOOK BIRD once: nine signs and ends, of four kinds."""
    found = shares([["BOOK", "READ"], ["BOOK", "READ"], ["BOOK", "BIRD"]])
    alike = 1 / 6  # four glosses, any other, and the end
    after_all = {"BOOK": 3, "READ": 2, "BIRD": 1, "end": 3, "PT:PRO1": 0}
    after_all = {sign: (times + 4 * alike) / (9 + 4) for sign, times in after_all.items()}
    begin = {sign: (3 * (sign == "BOOK") + after_all[sign]) / (3 + 1) for sign in after_all}
    begin["other"] = alike * 4 / 13 / 4
    assert found[BEGINNING, 0] == pytest.approx(begin["BOOK"] + begin["end"] * begin["BOOK"] / (1 - begin["end"])), (
        "a sentence without a sign is none"
    )
    after_book = {sign: (times + 2 * after_all[sign]) / 5 for sign, times in {"READ": 2, "BIRD": 1, "end": 0}.items()}
    over = after_book["end"]
    assert found[0, 3] == pytest.approx(after_book["READ"] + over * begin["READ"] / (1 - begin["end"]))
    assert found[0, 3] > found[0, 1] > found[0, 2]


def test_what_follows_a_sign_that_the_sentences_lack_is_what_occurs_at_all():
    found = shares([["BOOK", "READ"], ["BOOK", "READ"], ["BIRD"]])
    unseen = found[GLOSSES.index("PT:PRO1")]
    np.testing.assert_allclose(unseen, found[len(GLOSSES)])  # nor do they have a gloss that nobody learnt
    assert unseen[0] > unseen[1] > unseen[2]


def test_a_text_is_read_however_it_was_saved(tmp_path):
    path = tmp_path / "sentences.txt"
    path.write_bytes("\ufeffBOOK  READ\r\n\r\nBIRD\tREAD\r\n".encode())
    np.testing.assert_allclose(read_bigrams(path, GLOSSES), bigrams([["BOOK", "READ"], ["BIRD", "READ"]], GLOSSES))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds none of the model's glosses; write a sentence a line"),
        (b"book read\n", "holds none of the model's glosses"),
        (b"\xff\xfeB\x00", "is not in UTF-8; save it as such"),
        (None, "there is no file"),
    ],
)
def test_what_is_no_text_of_such_sentences_is_refused(tmp_path, content, said):
    path = tmp_path / "sentences.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read_bigrams(path, GLOSSES)
