"""What `benchmarks.scoring` measures."""
