"""The tracks of a timeline, by their numbers."""

RUN, CORES, HOST = 1, 2, 3  # groups of tracks
ONLY = 1  # the one track of the run, and of the host


def sends(core: int) -> int:
    """The track of a core that goes through its compartments and hands over messages."""
    return 2 * core + 1


def receives(core: int) -> int:
    """The track of a core that reads the synapses of messages."""
    return 2 * core + 2
