"""The folder a training is kept in: its settings, figures and checkpoints, and their export."""
