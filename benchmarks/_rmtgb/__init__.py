"""The parts of ``python -m benchmarks.rmtgb``."""
