"""The program of 2016, and everything laid beside it: compared step by step and line by line."""
