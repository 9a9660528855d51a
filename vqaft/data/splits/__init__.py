"""Parts of a data set that share nothing, and the proof of it."""
