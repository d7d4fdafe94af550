"""A model that answers over HTTP: what `slr serve` is made of."""
