"""A synthetic signer: HamNoSys -> joints, poses and pictures. Geometry alone; the recogniser knows nothing of it."""
