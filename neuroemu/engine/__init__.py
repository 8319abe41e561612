"""The engine: executes a ChipImage step by step with the chip's integers, and counts. Knows no prices and no files."""
