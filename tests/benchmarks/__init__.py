"""Speed and memory as ratios measured in one run: ``make bench``. Never a timed assertion in the test suite."""
