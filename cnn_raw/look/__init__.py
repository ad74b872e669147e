"""A trained network looked at: its mistakes, curves and filters, and what TensorBoard shows."""
