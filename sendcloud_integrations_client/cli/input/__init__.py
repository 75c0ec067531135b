"""Input of the commands: options, profiles, accounts, files and prompts."""
