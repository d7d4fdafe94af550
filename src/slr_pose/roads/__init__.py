"""The whole ways through the house, one for each verb: what `slr_pose.train` and `slr train` both are."""
