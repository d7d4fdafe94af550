"""HamNoSys, the Hamburg Notation System for sign languages: reading, writing, attributes and directions."""

from slr_pose.hamnosys.attributes import ATTRIBUTES, compose, read_attributes
from slr_pose.hamnosys.notation import parse, write, write_names

__all__ = ["ATTRIBUTES", "compose", "parse", "read_attributes", "write", "write_names"]
