"""How often a model is right: of clips of one sign, and of signing."""
