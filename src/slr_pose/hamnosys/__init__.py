"""HamNoSys, the Hamburg Notation System for sign languages: attribute tables and the reading of notations."""

from slr_pose.hamnosys.notation import ATTRIBUTES, read_attributes

__all__ = ["ATTRIBUTES", "read_attributes"]
