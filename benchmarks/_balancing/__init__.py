"""Parts of `benchmarks.balancing`."""
