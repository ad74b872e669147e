"""Two programs side by side: read, paired, each change with its reason; and messages explained."""
