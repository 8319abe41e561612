"""The learning engine: traces, epochs, and microcode over the synapses that are due."""
