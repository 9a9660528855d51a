"""Statistics of clustered, paired observations."""
