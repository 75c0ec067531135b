"""Runs the client against a hostile server, and measures outcome, time, event-loop blocks and memory. Not shipped."""
