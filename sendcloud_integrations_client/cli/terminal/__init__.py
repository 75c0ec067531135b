"""Output of the commands: tables, JSON, progress, errors and exit codes."""
