"""Dramatiq: an actor loads a step, calls the craft in pipeline/, and records what came of it."""
