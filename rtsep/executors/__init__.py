"""How a computation of fixed shapes is run: call by call, or replayed from a CUDA graph."""
