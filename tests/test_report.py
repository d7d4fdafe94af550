"""The page of `slr evaluate -o` and of `slr train`: what it says, and that what others wrote does nothing in it."""

import base64
import csv
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import signer
from page import Page

from slr_pose.evaluation.marks import mark
from slr_pose.evaluation.suspicion import suspects
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.report.chart import Chart, Series

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x1b[31m\u202e&"


@pytest.fixture(scope="module")
def page(trained, signs) -> Page:
    assert "Report: report" in trained("evaluate", signs, "--split", "val", "-o", "report").stderr
    return Page(trained.folder / "report" / "report.html")


def test_a_page_says_what_the_terminal_says(page, trained, signs):
    table = trained("evaluate", signs, "--split", "val").stdout
    top1 = next(line for line in table.splitlines() if line.startswith("gloss")).split("  ")[2].strip()
    assert top1 in page.text and "unseen signers" in page.text
    assert "the data set's own split" in page.text and str(signs) in page.text
    assert "anna4" in page.text and "anna5" in page.text, "accuracy by signer"
    assert len(page.all("svg")) >= 3, "curves of the training, reliability, hands lost"


def test_a_page_is_whole_by_itself_and_can_be_heard(page, trained):
    for each in (page, Page(trained.folder / "runs" / "signs" / "report.html")):
        each.refuse_what_is_not_ours()
        each.refuse_what_a_screen_reader_trips_over()


def test_what_others_wrote_is_text(guessing, slr):
    rows = [["path", "gloss", "signer", "mood"]]
    for number, sign in enumerate(["wave", "point", "slide"]):
        name = f"{number}<b>&'.pose"
        signer.perform(sign, number, frames=9).write(slr.folder / name)
        rows.append([name, f"{HOSTILE}{number}", HOSTILE, "asks" if number else "tells"])
    with open(slr.folder / "hostile.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    slr("evaluate", "hostile.csv", "--split", "all", "--model", guessing, "-o", "x.html")
    found = Page(slr.folder / "x.html")
    found.refuse_what_is_not_ours()
    found.refuse_what_a_screen_reader_trips_over()
    assert "<script>alert(1)</script>" in found.text and "\\x1b[31m" in found.text
    assert not {"\x1b", "\u202e"} & set((slr.folder / "x.html").read_text(encoding="utf-8"))
    assert len(found.reel["clips"]) == 3


def test_a_page_of_somebody_else_stays(trained, signs):
    theirs = trained.folder / "theirs"
    theirs.mkdir()
    (theirs / "report.html").write_text("<p>mine</p>")
    refused = trained("evaluate", signs, "-o", theirs, exit_code=2)
    assert "did not write" in refused.stderr and (theirs / "report.html").read_text() == "<p>mine</p>"
    trained("evaluate", signs, "--split", "val", "-o", "again.html")
    trained("evaluate", signs, "--split", "val", "-o", "again.html")


def test_a_clip_is_drawn_where_its_joints_are_over_the_video_beside_it(guessing, slr, video):
    folder = slr.folder / "a b#1%é"
    folder.mkdir()
    (folder / video.name).write_bytes(video.read_bytes())
    source = Job(folder / video.name, default_estimator()).source()
    replace(signer.perform("circle", 0, frames=12), source=source).write(folder / "circle é.pose")
    signer.perform("wave", 1, frames=12).write(folder / "wave.pose")
    rows = [f"{folder.name}/circle é.pose,slide,asks", f"{folder.name}/wave.pose,unheard of,asks"]
    (slr.folder / "clips.csv").write_text("\n".join(["path,gloss,mood", *rows]), encoding="utf-8")
    slr("evaluate", "clips.csv", "--split", "all", "--model", guessing, "-o", "pages/of/it.html")
    found = Page(slr.folder / "pages" / "of" / "it.html")
    (address,) = (clip["video"] for clip in found.reel["clips"] if "video" in clip)
    assert "#" not in address and " " not in address
    assert (slr.folder / "pages" / "of" / unquote(address)).resolve() == (folder / video.name).resolve()
    for clip in found.reel["clips"]:
        joints = np.frombuffer(base64.b64decode(clip["joints"]), "<u2").reshape(12, 49, 2)
        seen = joints[joints[..., 0] < 65535]
        assert 0.95 < ((seen >= 15000) & (seen <= 45000)).mean() <= 1, "the box holds nearly all of them"


def test_a_scale_has_few_round_marks():
    for low, high in ((0, 1), (0, 114), (0, 9.6), (0, 0.003)):
        marks = Chart("", "", "", [Series("a", [])], y_range=(low, high), y_share=False).y_marks()
        assert 3 <= len(marks) <= 7 and all(low <= value <= high * (1 + 1e-9) for value, _ in marks)


def test_labels_that_are_unlikely_are_suspicious_the_worst_first():
    probabilities = np.array([[0.98, 0.01, 0.01], [0.04, 0.93, 0.03], [0.001, 0.5, 0.499], [0.1, 0.8, 0.1]])
    assert suspects(mark(probabilities, np.array([0, 0, 0, 0]))).tolist() == [2, 1]
    assert suspects(mark(probabilities, np.array([-1, -1, 0, -1]))).tolist() == [2], (
        "of no class of the model, nothing is said"
    )


def test_where_nothing_is_wrong_the_page_says_so(trained, signs):
    first, *rows = Path(signs).read_text().splitlines()
    some = signs.with_name("right.csv")
    some.write_text("\n".join([first, *(row for row in rows if ",circle," in row)]))
    trained("evaluate", some, "--split", "train", "-o", "right.html")
    found = Page(trained.folder / "right.html")
    found.refuse_what_a_screen_reader_trips_over()
    assert "gloss answers are right" in found.text
