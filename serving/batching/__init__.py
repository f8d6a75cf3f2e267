"""The loop: which passages share a step, in what order they get in, and how many fit. It knows neither Ray nor torch."""
