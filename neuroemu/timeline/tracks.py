"""The tracks of a timeline, by their numbers."""

RUN, CORES, HOST = 1, 2, 3  # groups of tracks
ONLY = 11  # the one track of the run, and of the host; of the number of its group it would be called a main thread


def sends(core: int) -> int:
    """The track of a core that goes through its compartments and hands over messages."""
    return ONLY + 2 * core


def receives(core: int) -> int:
    """The track of a core that reads the synapses of messages."""
    return ONLY + 2 * core + 1
