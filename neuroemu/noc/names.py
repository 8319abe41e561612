"""Names: what a link is called in a report."""

from __future__ import annotations

from .fabric import TREE, Fabric

_WAYS = ("east", "west", "north", "south")


def name_of_link(fabric: Fabric, link: int) -> str:
    """Where a link leads from, in words."""
    if link < fabric.n_cores:
        return f"the link from core {link} into its router"
    if link < fabric.n_senders:
        return "the link from the host"
    if link < fabric.first_net:
        return f"the link into core {link - fabric.n_senders}"
    if fabric.topology == TREE:
        router, down = divmod(link - fabric.first_net, 2)
        return f"the link {'down to' if down else 'up from'} router {router}"
    router, way = divmod(link - fabric.first_net, 4)
    return f"the link {_WAYS[way]} of tile ({router // fabric.height}, {router % fabric.height})"
