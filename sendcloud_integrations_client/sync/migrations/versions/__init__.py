"""Schema revisions, each based on the previous one."""
