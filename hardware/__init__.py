"""The plans of the device: what to buy, how to wire it, which pin does what. `python -m hardware.build` draws them."""
