"""Float references of programs/seeds, each a script of its own."""
