"""What `slr predict --json` answers to a clip."""


def labels(answer: dict) -> dict[str, list[dict]]:
    """The ranked labels of each tier, which has one entry, as long as the clip."""
    for entry, *others in answer["tiers"].values():
        assert not others and (entry["start"], entry["end"]) == (answer["start"], answer["end"])
    return {tier: entries[0]["labels"] for tier, entries in answer["tiers"].items()}


def states(answer: dict) -> dict[str, str]:
    """How far each tier is to be trusted."""
    return {tier: entries[0]["state"] for tier, entries in answer["tiers"].items()}
