"""MultiTab against one LightGBM per target, on flights: ``python -m skmtl.demo``.

Five targets of the flights that left New York City in 2013 (`skmtl.datasets.load_flights_nyc`),
learnt from the first 80 % of the days and judged on the last 20 %. `_data` splits, `_models`
trains both, `_comparison` scores them and `_picture` draws.
"""
