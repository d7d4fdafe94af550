"""HamNoSys, the Hamburg Notation System for sign languages: reading, writing, attributes and directions."""

from pathlib import Path

from slr_pose.hamnosys.attributes import ATTRIBUTES, compose, most_likely, read_attributes
from slr_pose.hamnosys.parser import parse
from slr_pose.hamnosys.writer import write, write_names

__all__ = ["ATTRIBUTES", "MODEL", "compose", "most_likely", "parse", "read_attributes", "write", "write_names"]

MODEL = Path(__file__).with_name("model.onnx")  # answers with the attributes; training/hamnosys_model.py makes it
