"""What is wrong with a data set, to be known before a night is spent on it."""
