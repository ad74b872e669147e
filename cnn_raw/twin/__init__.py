"""The program of 2016, and the GradientTape compared with it, step by step and bit by bit."""
