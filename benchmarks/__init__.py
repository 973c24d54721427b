"""Comparisons with other libraries; run as ``python -m benchmarks.multitab`` from the root."""
