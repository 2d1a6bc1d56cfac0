"""Another input, output or route while a session plays. `Swaps` is what the outside sees."""
