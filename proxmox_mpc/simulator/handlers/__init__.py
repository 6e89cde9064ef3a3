"""What each path of the simulated API does."""
