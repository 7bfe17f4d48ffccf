"""`yizhan`: what other systems' engineers and operators do from a shell. One file for each group of commands."""
