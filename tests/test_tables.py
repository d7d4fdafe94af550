"""One table, as different programs save it, and whatever else people call a table."""

import csv
import io
import os
import random
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.keypoints.batch import Outcome, write_report
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.tables import LARGEST, each, key, normal, read_rows, write_rows

CELLS = {"path": "a b/ä,1.pose", "gloss": 'the "great" one; or two', "signer": "Zoë"}
COLUMNS = ("path", "gloss", "signer")


def saved(rows, separator: str = ",", end: str = "\r\n", before: str = "", encoding: str = "utf-8") -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, lineterminator=end).writerows(rows)
    return (before + file.getvalue()).encode(encoding)


def read(folder: Path, content: bytes | str, needed=("path", "gloss")):
    path = folder / "clips.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_rows(path, needed, "clips")


def refused(folder: Path, content: bytes | str) -> str:
    with pytest.raises(BadInput) as error:
        read(folder, content)
    sentence = str(error.value).replace(str(folder / "clips.csv"), "FILE")
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("said", [False, True])
def test_a_table_is_the_same_however_it_is_saved(tmp_path, encoding, separator, end, said):
    before = f"sep={separator}{end}" if said else ""
    rows = [COLUMNS, CELLS.values(), [], CELLS.values(), ["", "", ""], ["", " ", "\t"], []]
    found = read(tmp_path, saved(rows, separator, end, before, encoding))
    assert [row.cells for row in found] == [CELLS, CELLS]
    assert [row.where.rpartition(" ")[2] for row in found] == [str(line + said) for line in (2, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "Path, GLOSS , Signer\r\nx.pose, book, s0\r\n",
        "\ufeff\ufeffpath\xa0,\u200bgloss,signer,,\r\n x.pose ,\xa0book\u200b,s0,,\r\n,,\r\n",
        'path , "gloss" , "signer"\nx.pose, "book", "s0"\n'.replace('" ,', '",'),
        "\n\n;;\npath;gloss;signer;notes, dates, places\nx.pose;book;s0;1,5\n",
        'sep=|\npath|gloss|signer\n"x.pose"|book|s0',
        "path\tgloss\tsigner\nx.pose\tbook\ts0\t\t\n",
        "path,gloss,signer,end\nx.pose,book,s0\n",
    ],
)
def test_what_hands_and_programs_leave_around_cells_is_no_part_of_them(tmp_path, text):
    (row,) = read(tmp_path, text)
    assert [row.text(column) for column in COLUMNS] == ["x.pose", "book", "s0"]


def test_a_row_is_called_by_the_line_of_the_file_in_which_it_begins(tmp_path):
    rows = read(tmp_path, 'sep=,\npath,gloss\na,x\n\n\n"b","two\r\n\nlines"\r\nc,x\r\n,,\nd,x')
    assert [int(row.where.split("line ")[1]) for row in rows] == [3, 6, 9, 11]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "holds no clips"),
        ("path,gloss\n,,\n\n", "holds no clips"),
        ("file,gloss\na,b\n", "no column 'path'; its columns are file, gloss"),
        ("path:gloss\na:b\n", "no column 'path'; its columns are path:gloss"),
        ("path,gloss,Gloss\na,b,c\n", "two columns 'Gloss'"),
        ("path,gröss,gro\u0308ss\na,b,c\n", "two columns 'gröss'"),
        ('path,gloss\na,b\nc,"d\ne,f\n', "line 3: a quote is not closed"),
        ('path,gloss\na,b\nc,"d" or "e"\n', "line 3: a quote"),
        ("path,gloss\na,b\n\nc," + '"d' * 200_000, "line 4: a quote"),
        ("path,gloss\na,b\r\nc,Größe".encode("cp1252"), "line 3: 0xF6 is not UTF-8"),
        ("path,gloss\na,b\rc,Größe".encode("mac-roman"), "line 3: 0x9A is not UTF-8"),
        ("path,gloss\na,b".encode("utf-16")[:-1], "not UTF-16"),
        ("path,gloss\na,b".encode("utf-16-le"), "NUL"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is a spreadsheet; save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is a spreadsheet; save it as CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is not UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_for_its_real_cause(tmp_path, content, why):
    assert why in refused(tmp_path, content)


def test_what_is_no_file_or_has_no_end_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with open(tmp_path / "large.csv", "wb") as file:
        file.truncate(LARGEST + 1)
    for name in ("", "none.csv", "pipe.csv", "large.csv", "a" * 300, "nul\0"):
        with pytest.raises(BadInput, match=r"\.$"):
            read_rows(tmp_path / name, ["path"], "clips")


def test_all_rows_that_cannot_be_read_are_named_and_the_rest_is_read(tmp_path):
    def number(row):
        if not row.cells["gloss"].isdigit():
            raise BadInput("that is no number.")
        return int(row.cells["gloss"])

    found, problems = each(read(tmp_path, "path,gloss\na,1\na,two\na,3,4\na,5\n"), number)
    assert found == [1, 5]
    assert [problem.partition("clips.csv, ")[2] for problem in problems] == [
        "line 3: that is no number.",
        "line 4: there are more cells than columns, by 1; put a cell that holds a separator in quotes.",
    ]


# What is written

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TRAPS = st.text(st.sampled_from("='+-@\t\r\n\"',; ae\u0301\u200b\xa01.5＝"), max_size=8)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT | TRAPS | NUMBERS, TEXT | TRAPS), min_size=1, max_size=6))
def test_what_is_written_reads_back_and_no_spreadsheet_runs_it(tmp_path, rows):
    path = tmp_path / "out.csv"
    write_rows(path, ["number", "path", "gloss"], [(n, *row) for n, row in enumerate(rows)])
    found = read_rows(path, ["path", "gloss"], "clips")
    assert [(row.text("path"), row.text("gloss")) for row in found] == [
        tuple(normal(str(cell)) or None for cell in row) for row in rows
    ]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for _, *cells in rows[1:]:
        for cell in cells:
            assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠") or is_number(cell)


def is_number(text: str) -> bool:
    try:
        return text.isascii() and text.strip() == text and float(text.replace(",", ".")) is not None
    except ValueError:
        return False


def test_numbers_stay_numbers_and_names_that_are_not_utf_8_are_written_out(tmp_path):
    write_rows(tmp_path / "out.csv", ["a"], [[-1.5], ["-1e-05"], ["=1+1"], [os.fsdecode(b"\xff.mp4")]])
    assert (tmp_path / "out.csv").read_bytes() == b"a\r\n-1.5\r\n-1e-05\r\n'=1+1\r\n\\udcff.mp4\r\n"


def test_the_report_of_an_extraction_runs_nothing_and_takes_any_name(tmp_path):
    names = ["=cmd|x!A1.mp4", "+1.mp4", os.fsdecode(b"\xff.mp4"), "plain.mp4"]
    jobs = [Job(Path(name), default_estimator(), Path(name).with_suffix(".pose")) for name in names]
    write_report(tmp_path / "extraction.csv", [Outcome(job, BadInput("@nobody is there.")) for job in jobs])
    rows = read_rows(tmp_path / "extraction.csv", ["video", "problem"], "videos")
    assert sorted(row.cells["video"] for row in rows) == sorted([*names[:2], "\\udcff.mp4", "plain.mp4"])
    assert not re.search(rb"(^|,|\n)[=+@-]", (tmp_path / "extraction.csv").read_bytes())


# Words


@given(TEXT)
def test_a_word_has_one_form(text):
    forms = {normal(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1 and forms == {normal(*forms)}
    assert normal(f"\ufeff {text}\xa0") in forms
    assert key(text) == key(normal(text))


def test_words_that_look_the_same_are_the_same():
    assert normal("thank\xa0 you\u200b") == normal("\ufeffthank\nyou") == "thank you"
    assert key("Größe ") == key("GRO\u0308ßE") and key("gloss") != key("glosses")


# Whatever else


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_give_rows_or_a_sentence(tmp_path, seed):
    random_ = random.Random(seed)
    rows = [COLUMNS, *([f"clips/{n}.pose", f'the "{n}",\nthing', "ä"] for n in range(8))]
    tables = [
        saved(rows, s, e, b, c) for s in ",;\t" for e in ("\r\n", "\n") for b in ("", f"sep={s}\n") for c in ENCODED
    ]
    for _ in range(250):
        data = bytearray(random_.choice(tables))
        for _ in range(random_.choice((1, 2, 8))):
            at = random_.randrange(len(data))
            change = random_.choice((b"", b'"', b"\0", b"\r", b"=", b";", bytes([random_.randrange(256)])))
            data[at : at + random_.choice((0, 1, 1, 20))] = change
        try:
            found = read(tmp_path, bytes(data))
        except BadInput as error:
            assert str(error).endswith(".")
        else:
            assert found and all("path" in row.cells for row in found)


ENCODED = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


def test_a_table_of_somebody_else_is_not_replaced(slr, video, tmp_path):
    """Before anything is done, by whichever command would write it."""
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / f"{name}.mp4").write_bytes(video.read_bytes())
    for table, command in (
        ("in/extraction.csv", ("extract-pose", "in")),
        ("out/clips.csv", ("synthesize", "--pose-only", "-o", "out")),
    ):
        (tmp_path / table).parent.mkdir(exist_ok=True)
        (tmp_path / table).write_text("path,gloss\nmine.mp4,x\n")
        assert "move it" in slr(*command, exit_code=2).stderr
        assert (tmp_path / table).read_text() == "path,gloss\nmine.mp4,x\n"
        assert not list(tmp_path.rglob("*.pose"))
    (tmp_path / "out" / "clips.csv").unlink()
    for _ in range(2):  # our own is
        slr("synthesize", "hamfist hamextfingeru hampalml", "--pose-only", "-o", "out")
