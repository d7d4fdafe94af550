"""What a worker of the server is asked -> what it replies. It is a process that has the model, and one core."""

import json
import os
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from slr_pose import BadInput
from slr_pose.recognition.live import Live
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.stream import Answer, of_sign
from slr_pose.roads.annotate import annotate, reader
from slr_pose.roads.predict import as_answer, predict
from slr_pose.serving.keypoints import read_clip, read_frames, read_signing
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.text import in_a_line
from slr_pose.workers import Pipe, begin

DONE, UNUSABLE, FAILED = 200, 422, 500
SENT = "keypoints.json"  # a file of that name holds keypoints that were sent as JSON
MISTAKE = "this could not be answered, and the mistake is the server's."
STREAM = "stream"  # what answers and messages call one


class Reply(NamedTuple):
    """How it went, and what is to be said.

    Attributes:
        status: as HTTP numbers it.
        said: the answers, each a text in JSON; or a sentence that says what is wrong.
        reason: of a failure that is ours, for whoever runs the server.
    """

    status: int
    said: list[str]
    reason: str = ""


@dataclass
class Desk:
    """What a worker has at hand."""

    recognizer: Recognizer | None
    skeleton: Skeleton
    streams: dict[int, tuple[Live, float]] = field(default_factory=dict)  # with the frames a second of each


class Question(Protocol):
    """What a worker can be asked."""

    def ask(self, desk: Desk) -> list[str]:
        """The answers, each a text in JSON.

        Raises:
            BadInput: there is none.
        """


@dataclass(frozen=True)
class OfFile:
    """What a file shows, as `slr predict --json` or `slr annotate --json` says it.

    Attributes:
        way: `predict` or `annotate`.
        folder: in which nothing else is; what is written on the way is written there.
        name: of the file.
    """

    way: str
    folder: Path
    name: str

    def ask(self, desk: Desk) -> list[str]:
        """One answer."""
        os.chdir(self.folder)  # so that no message can say where that is
        try:
            file = Path(self.name)
            if self.name == SENT:
                file = file.with_suffix(".pose")
                read_clip(Path(SENT).read_bytes(), desk.skeleton, SENT).write(file)
            if self.way == "predict":
                timelines = predict(file, desk.recognizer).timelines
                return [_text([as_answer(str(each), timeline) for each, timeline in timelines.items()])]
            return [_text({"input": str(file), **annotate(file, desk.recognizer, parts=".").as_dict(top=5)})]
        finally:
            os.chdir(tempfile.gettempdir())


@dataclass(frozen=True)
class Opened:
    """A stream, of which this is the first message."""

    stream: int
    first: bytes | str

    def ask(self, desk: Desk) -> list[str]:
        """No answer yet."""
        like = read_signing(self.first, desk.skeleton, STREAM)
        desk.streams[self.stream] = Live(reader(desk.recognizer, lambda event: None), like), like.fps
        return []


@dataclass(frozen=True)
class Pushed:
    """Further frames of a stream, as `read_frames` reads them."""

    stream: int
    sent: bytes | str

    def ask(self, desk: Desk) -> list[str]:
        """The signs that have ended."""
        live, fps = desk.streams[self.stream]
        return _signs(live.push(read_frames(self.sent, desk.skeleton, fps, STREAM)))


@dataclass(frozen=True)
class Ended:
    """A stream."""

    stream: int

    def ask(self, desk: Desk) -> list[str]:
        """The signs that end with it; none where it has ended before."""
        live, _ = desk.streams.pop(self.stream, (None, 0.0))
        return _signs(live.finish()) if live else []


def reply(pipe: Pipe, model: Path | None) -> None:
    """What a worker does: it says that it is ready, and from then on a `Question` comes in, and a `Reply` goes out."""
    begin()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who stops a service tells all its processes; what is held is done
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what estimators log past every setting
    os.environ["OMP_NUM_THREADS"] = "1"  # torch's, of a checkpoint
    recognizer = Recognizer.load(model) if model else None
    desk = Desk(recognizer, recognizer.skeleton if recognizer else Skeleton.load(DEFAULT))
    pipe.send(Reply(DONE, []))
    while True:
        question: Question = pipe.recv()
        pipe.send(_reply(question, desk))


def _reply(question: Question, desk: Desk) -> Reply:
    try:
        return Reply(DONE, question.ask(desk))
    except BadInput as error:
        return Reply(UNUSABLE, [str(error)])
    except Exception as error:
        return Reply(FAILED, [MISTAKE], in_a_line(error)[:200])


def _signs(answers: list[Answer]) -> list[str]:
    return [_text({"input": STREAM, **of_sign(answer, STREAM).as_dict(top=5)}) for answer in answers]


def _text(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, allow_nan=False)
