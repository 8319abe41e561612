"""The network on chip: who waits for whom when the messages of a time step meet. Arrays in, arrays out; no chip, no price."""
