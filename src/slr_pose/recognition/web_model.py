"""What a page in a browser must know of a model, beside the ONNX file: `model.json`."""

from typing import Any

import numpy as np

from slr_pose import BadInput, __version__
from slr_pose.info import RATE
from slr_pose.keypoints import pace
from slr_pose.recognition import decoding, enrolment, hands, stream
from slr_pose.recognition.recognizer import KNOWN, Recognizer
from slr_pose.skeleton import SYNONYMS, Part, Skeleton

FOUND = "mediapipe_543"  # the layout of all points that MediaPipe finds in the page


def web_model(recognizer: Recognizer) -> dict[str, Any]:
    """For JSON; what each field means, `web/src/model.ts` says.

    Raises:
        BadInput: the model looks at points that MediaPipe does not find.
    """
    info = recognizer.info
    return {
        "version": __version__,
        "labels": info.labels,
        "thresholds": info.thresholds,
        "names": info.names,
        "timed": info.timed,
        "samples": info.model.frames,
        "fast": recognizer.fast,
        "skeleton": _skeleton(recognizer.skeleton),
        "centre": np.frombuffer(info.centre, "<f4").tolist(),
        "prototypes": [
            {"gloss": gloss, "clips": one.clips, "embedding": np.frombuffer(one.embedding, "<f2").tolist()}
            for gloss, one in info.prototypes.items()
        ],
        "enrolment": {
            "scale": enrolment.SCALE,
            "strange": enrolment.STRANGE,
            "centre": enrolment.CENTRE,
            "spread": enrolment.SPREAD,
        },
        "reading": {
            "rate": RATE,
            "window": stream.WINDOW,
            "hop": stream.HOP,
            "later": stream.LATER,
            "longest_pause": stream.LONGEST_PAUSE,
            "going_on": stream.GOING_ON,
            "known": KNOWN,
            "edge_weight": decoding.EDGE_WEIGHT,
            "sign_cost": decoding.SIGN_COST,
            "moment_cost": decoding.MOMENT_COST,
            "low": hands.LOW,
            "still": hands.STILL,
        },
        "pace": {"longest": pace.LONGEST_S, "early": pace.EARLY},
    }


def _skeleton(skeleton: Skeleton) -> dict[str, Any]:
    found = Skeleton.load(FOUND)
    places = {
        found.points[joint]: (part.name, number) for part in found.parts for number, joint in enumerate(part.joints)
    }
    points = [places.get(SYNONYMS.get(point, point)) for point in skeleton.points]
    for part in skeleton.parts:
        if not any(points[joint] for joint in part.joints):
            raise BadInput(
                f"the skeleton {skeleton.name} has a part '{part.name}' that MediaPipe does not find; train with"
                " keypoints of `slr extract-pose`."
            )
    return {"name": skeleton.name, "points": points, "parts": list(map(_part, skeleton.parts)), "bones": skeleton.bones}


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "joints": part.joints,
        "origin": part.origin,
        "scale": part.scale,
        "low": part.low,
    }
