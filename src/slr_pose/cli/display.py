"""What a person sees: progress with time left on stderr, tables on stdout.

No text is read as markup: what is to have a color is `styled`.
"""

import json
import logging
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from slr_pose import BadInput
from slr_pose.text import is_hidden, shown

if TYPE_CHECKING:
    from rich.table import Table

    from slr_pose.evaluation import Evaluation
    from slr_pose.hamnosys.notation import Notation
    from slr_pose.keypoints.batch import Outcome
    from slr_pose.keypoints.job import Job
    from slr_pose.recognition.recognizer import Prediction
    from slr_pose.signer.synthesis import Clip
    from slr_pose.training.trainer import Progress
    from slr_pose.translation import training as sentences
    from slr_pose.translation.info import TranslatorInfo
    from slr_pose.translation.translator import Translation

WORDS = (
    "",
    "answer",
    "clip",
    "hand",
    "other hand",
    "class",
    "symbol",
    "kind",
    "meaning",
)  # columns that stand to the left
MANY = 30  # rows of a table; what has more is shown in part


class Plain(Console):
    """A console that shows text as it is: no markup in it is obeyed, nor any control character."""

    def __init__(self, **settings):
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def render_str(self, text: str, **settings) -> Text:
        return super().render_str(shown(text), **settings)


stdout, stderr = Plain(), Plain(stderr=True)


def escape_what_the_encoding_lacks() -> None:
    """Let a terminal that knows few letters show the others as escapes, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def styled(*parts: str | tuple[str, str]) -> Text:
    """Text of which some parts, (text, style), have a style."""
    return Text.assemble(*((shown(part), "") if isinstance(part, str) else (shown(part[0]), part[1]) for part in parts))


def say(*parts: str | tuple[str, str]) -> None:
    """A line for the person, beside the output proper; parts of it may have a style, as in `styled`."""
    stderr.print(styled(*parts), soft_wrap=True)


def warn(text: str) -> None:
    """What the person should look at, though the work goes on."""
    say(("warning:", "yellow"), f" {text}")


def print_json(value: object) -> None:
    """JSON on stdout, which no terminal obeys."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    print("".join(f"\\u{ord(c):04x}" if c != "\n" and is_hidden(c) else c for c in text))


@contextmanager
def quiet(logger_name: str) -> Iterator[None]:
    """Keep a library's remarks and warnings off the terminal; ours say what matters."""
    logger = logging.getLogger(logger_name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def extract(jobs: "list[Job]") -> "list[Outcome]":
    """Extract with progress, and say how it went."""
    if not jobs:
        return []
    from slr_pose.events import Extracting
    from slr_pose.keypoints.batch import PARTS, extract_all

    started = time.monotonic()
    outcomes = []
    bar = _bar("Extracting", "{task.fields[clips]}/{task.fields[of]} clips  {task.fields[rate]:.0f} frames/s")
    try:
        with bar:
            # A bar forgets its pace when its total changes, as an estimate does: so this one counts shares.
            task = bar.add_task("", total=1, clips=0, of=len(jobs), rate=0)

            def show(state: Extracting) -> None:
                share = state.frames / max(1, state.frames, state.of_frames)
                rate = state.frames / (time.monotonic() - started)
                bar.update(task, completed=share, clips=state.clips, rate=rate)

            outcomes += extract_all(jobs, show)
            bar.update(task, completed=1)
    except KeyboardInterrupt as interrupt:
        say("Stopped. What is extracted is kept; the same command goes on from there.")
        raise typer.Exit(130) from interrupt
    if frames := sum(outcome.frames for outcome in outcomes):
        seconds = time.monotonic() - started
        clips = sum(outcome.error is None for outcome in outcomes)
        mean = {
            name: sum(outcome.seen.get(part, 0) * outcome.frames for outcome in outcomes) / frames
            for name, part in PARTS.items()
        }
        say(
            f"{count(clips, 'clip')}, {count(frames, 'frame')} in {seconds:.0f} s, {frames / seconds:.0f} frames/s;"
            f" seen: {', '.join(f'{name} {share:.0%}' for name, share in mean.items())}"
        )
    return outcomes


def count(number: int, thing: str) -> str:
    """`1 clip`, `2 clips`."""
    return f"{number} {thing}" + "s" * (number != 1)


def print_extraction(outcomes: "list[Outcome]") -> None:
    """A table with a row a clip, and a line about lost hands; of many clips, those that lost most of a hand."""
    from slr_pose.keypoints.batch import HANDS, PARTS

    clips = sorted((outcome for outcome in outcomes if not outcome.error), key=lambda clip: str(clip.job.video))
    shown, name = clips, ""
    if len(clips) > MANY:
        shown = sorted(clips, key=lambda clip: min(clip.seen[hand] for hand in HANDS))[:MANY]
        name = f"The {MANY} of {len(clips)} clips in which a hand was lost most"
    table = _table(name, "clip", "seconds", "frames/s", *PARTS)
    for clip in shown:
        rate = f"{clip.frames / clip.work_s:.0f}" if clip.work_s else "-"
        shares = [
            styled((f"! {clip.seen[part]:.0%}", "yellow")) if name in clip.lost_hands() else f"{clip.seen[part]:.0%}"
            for name, part in PARTS.items()
        ]
        table.add_row(clip.job.video.name, f"{clip.frames / clip.fps:.1f}", rate, *shares)
    stdout.print(table)
    if lost := Counter(hand for clip in clips for hand in clip.lost_hands()):
        many = sum(bool(clip.lost_hands()) for clip in clips)
        hands = ", ".join(f"{hand} {clips}" for hand, clips in sorted(lost.items()))
        say(
            ("!", "yellow"),
            f" {many} of {count(len(clips), 'clip')} show a hand in under half of the frames ({hands})."
            " Unless it is at rest out of view, recognition will miss it; `slr view CLIP` shows where.",
        )


def _bar(title: str, state: str):
    """A progress bar with a title, what `state` says of the task's fields, time elapsed and time left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), TextColumn(state), TimeElapsedColumn(), TextColumn("left"))
    return Progress(*columns, TimeRemainingColumn(), console=stderr)


@contextmanager
def training_progress() -> "Iterator[Callable[[Progress], None]]":
    """A bar over all steps; gives what updates it."""

    bar = _bar(
        "Epoch {task.fields[epoch]}",
        "loss {task.fields[loss]:.2f}  val top-1 {task.fields[top1]}",
    )
    with bar:
        task = bar.add_task("", total=None, epoch=0, loss=0, top1="-")

        def show(state: "Progress") -> None:
            bar.update(
                task,
                completed=state.step,
                total=state.steps,
                epoch=state.epoch,
                loss=state.loss,
                top1="-" if state.top1 is None else f"{state.top1:.1%}",
            )

        yield show


@contextmanager
def drawing_progress(frames: int) -> Iterator[Callable[[], None]]:
    """A bar over the frames of a clip; gives what is called after each."""
    with _bar("Drawing", "{task.completed}/{task.total} frames") as bar:
        task = bar.add_task("", total=frames)
        yield lambda: bar.advance(task)


def make_clips(clips: "list[Clip]") -> None:
    """Make the clips that are not made yet, with progress."""
    from slr_pose.signer.synthesis import synthesize

    pending = [clip for clip in clips if not clip.is_made()]
    if len(pending) < len(clips):
        say(f"{len(clips) - len(pending)} of {len(clips)} are made already.")
    if not pending:
        return
    try:
        with _bar("Signing", "{task.completed}/{task.total} clips") as bar:
            task = bar.add_task("", total=len(pending))
            for made in synthesize(pending):
                bar.advance(task, made)
    except KeyboardInterrupt as interrupt:
        say("Stopped. What is made is kept; the same command goes on from there.")
        raise typer.Exit(130) from interrupt


def title(head: str) -> str:
    """A head's name as a person reads it."""
    return head.replace("_", " ")


def print_scores(split: str, result: "Evaluation") -> None:
    """A table a group of clips, with a row a head; one table where all are of unseen signers."""
    from slr_pose.evaluation import Score

    groups = dict(result.scores)
    if groups["all clips"] == groups.get("unseen signers"):
        del groups["all clips"]
    for group, heads in groups.items():
        table = _table(f"{split}, {group}: % with 95 % interval", "", "n", *Score.columns)
        for head, found in heads.items():
            table.add_row(title(head), str(found.clips), *found.as_text())
        stdout.print(table)


def print_prediction(answer: "Prediction", lexicon: list[tuple[str, float]], top: int, as_unicode: bool) -> None:
    """The best labels of each head and of a lexicon, best first; then the attributes in words, and their notation.

    A head whose best is not sure says so; where nobody knows how sure the answers are, a line does.
    """
    from slr_pose.hamnosys import ATTRIBUTES, most_likely, write, write_names
    from slr_pose.hamnosys.words import in_words

    def with_doubt(label: str, head: str) -> Text:
        return styled(label, ("  not sure", "yellow")) if answer.sure.get(head) is False else styled(label)

    def say_what_is_unknown(heads: Iterable[str]) -> None:
        heads = list(heads)
        unknown = [title(head) for head in heads if answer.sure.get(head) is None]
        if unknown:
            which = "these answers" if len(unknown) == len(heads) else ", ".join(unknown)
            stdout.print(styled((f"How sure {which} may be is not known.", "dim")))

    stdout.print(styled((answer.name, "bold italic")))
    words = {head: ranked for head, ranked in answer.heads.items() if head not in ATTRIBUTES}
    words |= {"lexicon": lexicon} if lexicon else {}
    if words:
        table = _table("", "", "answer", "probability")
        for head, ranked in words.items():
            for rank, (label, share) in enumerate(ranked[:top]):
                if rank:
                    table.add_row("", label, f"{share:.1%}")
                else:
                    table.add_row(title(head), with_doubt(label, head), f"{share:.1%}", style="bold")
        stdout.print(table)
        say_what_is_unknown(words)
    if attributes := {head: ranked[0] for head, ranked in answer.heads.items() if head in ATTRIBUTES}:
        table = _table("How it begins, in HamNoSys", "", "class", "meaning", "probability")
        words = in_words({head: name for head, (name, _) in attributes.items()})
        for head, (name, share) in attributes.items():
            table.add_row(title(head), with_doubt(name, head), words[head], f"{share:.0%}")
        stdout.print(table)
        say_what_is_unknown(attributes)
    if notation := most_likely(answer.heads):
        stdout.print(f"As names: {' '.join(write_names(notation))}", soft_wrap=True)
        if as_unicode:
            stdout.print(f"In characters (font HamNoSysUnicode): {write(notation)}", soft_wrap=True)


def print_notation(notation: "Notation") -> None:
    """A HamNoSys notation in words, sign by sign; the eight attributes; its symbols."""
    from slr_pose.hamnosys.attributes import read
    from slr_pose.hamnosys.notation import write_names
    from slr_pose.hamnosys.symbols import SYMBOLS
    from slr_pose.hamnosys.words import actions, describe, in_words

    tables = []
    for number, sign in enumerate(notation.signs, start=1):
        rows = describe(sign)
        two = any(other for *_, other in rows)
        of = f", sign {number} of {len(notation.signs)}" if len(notation.signs) > 1 else ""
        tables.append(_table(f"It begins{of}", "", "hand", *["other hand"] * two))
        for part, hand, other in rows:
            tables[-1].add_row(part, hand, *[other] * two)
        if sign.steps:
            tables.append(_table("Then", "", ""))
            for step, words in enumerate(actions(sign.steps), start=1):
                tables[-1].add_row(str(step), words)
    try:
        attributes = read(notation).attributes
    except BadInput as error:
        say(("No attributes:", "yellow"), f" {error}")
    else:
        tables.append(_table("Attributes of the beginning", "", "class", "meaning"))
        words = in_words(attributes)
        for head, name in attributes.items():
            tables[-1].add_row(title(head), name, words[head])
    tables.append(_table("Symbols", "", "symbol", "code point", "kind", "meaning"))
    for number, name in enumerate(write_names(notation), start=1):
        symbol = SYMBOLS[name]
        tables[-1].add_row(str(number), name, f"U+{ord(symbol.character):04X}", symbol.kind, symbol.meaning)
    for number, table in enumerate(tables):
        stdout.print(*[""] * bool(number), table, sep="\n")


def _table(name: str, *columns: str) -> "Table":
    """A light table; all but its words are figures, and stand to the right."""
    from rich.table import Table

    table = Table(title=name or None, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.show_header = any(columns)
    for column in columns:
        table.add_column(column, justify="left" if column in WORDS else "right")
    return table


@contextmanager
def sentence_progress() -> "Iterator[Callable[[sentences.Progress], None]]":
    """A bar over all steps of learning to make sentences; gives what updates it."""
    with _bar("Epoch {task.fields[epoch]}", "loss {task.fields[loss]:.2f}") as bar:
        task = bar.add_task("", total=None, epoch=0, loss=0)

        def show(state: "sentences.Progress") -> None:
            bar.update(task, completed=state.step, total=state.steps, epoch=state.epoch, loss=state.loss)

        yield show


def print_ways(info: "TranslatorInfo") -> None:
    """How good each way to a sentence was on the held-out pairs, which is taken, and how far to trust that."""
    pairs, ways = info.training.pairs, info.training.val
    if not ways:
        say("It was stopped before it was measured: nobody knows how good its sentences are.")
        return
    table = _table(f"{count(pairs['val'], 'held-out pair')}", "", "BLEU-4", "chrF")
    for way, scores in ways.items():
        table.add_row(way, f"{scores['BLEU']:.1f}", f"{scores['chrF']:.1f}")
    stdout.print(table)
    say(f"Sentences will come from the {' or the '.join(info.by)}.")
    if info.by != ["network"]:
        say("There are few pairs: many sentences will be taken from a pair with like glosses; `slr translate` says so.")
    if not info.confidence:
        say(f"{pairs['val']} held-out pairs are too few to say how sure a sentence is; check each.")


def print_translations(found: "list[Translation]") -> None:
    """What was read and, below it, what was made of it, and how far to trust that."""
    for translation in found:
        stdout.print(styled((" ".join(translation.glosses), "bold")), soft_wrap=True)
        doubt = {True: "", False: "  not sure", None: "  not measured"}[translation.sure]
        confidence = "" if translation.confidence is None else f"  {translation.confidence:.0%}"
        stdout.print(styled(f"  {translation.text}{confidence}", (doubt, "yellow")), soft_wrap=True)
        if translation.nearest:
            stdout.print(styled(f"  as in the pair {' '.join(translation.nearest.glosses)}"), soft_wrap=True)
        if translation.unknown:
            stdout.print(styled(f"  unknown: {', '.join(translation.unknown)}"), soft_wrap=True)
