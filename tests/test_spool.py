"""Values by the million: in order, found again, and not in memory."""

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.spool import Shelf, Spool

NAMES = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from([chr(0xDC80 + byte) for byte in range(128)]))
FILLED = """
import resource, sys
from slr_pose.spool import Shelf, Spool
spool, shelf, value = Spool(), Shelf(), b"x" * 1000
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
before = peak()
for number in range(int(sys.argv[1])):
    spool.append(value, key=-number)
    shelf[f"{number * 7919 % 100_003}"] = number
assert sum(map(len, spool)) == 1000 * len(spool) and shelf.find(["7919", "none"]) == {"7919": 1}
print(peak() - before)
"""


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.text(max_size=3))))
def test_values_come_in_the_order_of_their_keys_and_then_as_they_came(values):
    spool: Spool[tuple[int, str]] = Spool()
    for value in values:
        spool.append(value, key=value[0])
    for _ in range(2):
        assert list(spool) == sorted(values, key=lambda value: value[0])
    assert len(spool) == len(values) and all(value in spool for value in values) and (9, "") not in spool


@settings(deadline=None)
@given(st.lists(NAMES, unique=True))
def test_names_of_files_are_sorted_as_texts_are_and_found_again(names):
    """Also those that are not UTF-8."""
    spool, shelf = Spool(), Shelf()
    for name in names:
        spool.append(name, key=name)
        shelf[name] = name.upper()
    if not any(0xDC80 <= ord(character) < 0xDD00 for name in names for character in name):
        assert list(spool) == sorted(names)
    assert set(spool) == set(names)
    assert list(shelf.find([*names, "\0"]).items()) == [(name, name.upper()) for name in names]
    assert all(name in shelf for name in names)


def test_what_is_kept_is_not_in_memory():
    filled = subprocess.run([sys.executable, "-c", FILLED, "50000"], capture_output=True, text=True, check=True)
    assert float(filled.stdout) < 12  # MB; the values are 50


def test_a_full_disk_is_a_sentence():
    """A limit on the size of files makes writing fail, as a full disk does."""
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))\n{FILLED}"
    filled = subprocess.run([sys.executable, "-c", limited, "50000"], capture_output=True, text=True)
    assert "BadInput: the disk of temporary files cannot be used" in filled.stderr and "SQLITE_TMPDIR" in filled.stderr


def test_what_is_read_while_more_comes_is_what_was_there():
    spool: Spool[int] = Spool()
    for number in range(3):
        spool.append(number)
    seen = []
    for number in spool:
        spool.append(10 + number)
        seen.append(number)
    assert seen == [0, 1, 2] and len(spool) == 6
