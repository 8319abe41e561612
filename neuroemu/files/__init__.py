"""Reading what users write: YAML with line numbers, chip files, program files, arrays in .npz."""
