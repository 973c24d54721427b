"""Parts of `benchmarks.forecast_speed`, each the work of one process."""
