"""The seeds' algorithms on the emulated chip, each a programme of its own."""
