"""The measurements of `benchmarks.scoring`."""
