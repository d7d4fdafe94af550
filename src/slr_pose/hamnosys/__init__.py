"""HamNoSys, the Hamburg Notation System for sign languages: attribute tables and the reading of notations."""
