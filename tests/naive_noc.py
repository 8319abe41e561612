"""Plain-Python twins of neuroemu/noc, written to be read. Nodes and links are tuples; they share no code with the package.

A link is ("send", s), ("core", c), ("hop", router, router); routers are ("tile", x, y) or, in a tree, ("node", level, place).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field


@dataclass
class Board:
    """The arguments of fabric.fabric, by the same names, and the slot of links between cores and routers, if it is another."""

    width: int
    height: int
    cores_per_tile: int
    topology: str = "mesh"
    routing: str = "xy"
    degree: int = 4
    chip: tuple | None = None
    host_tile: int = -1
    hop_fs: tuple = (4_100_000, 4_100_000, 6_500_000, 6_500_000)
    tile_fs: int = 2_100_000
    slot_fs: int = 290_000
    chip_hop_fs: int = 0
    chip_slot_fs: int = 0
    buffer: int = 16
    receive_buffer: int | None = None
    credit_fs: int | None = None
    arbitration: str = "oldest"
    core_slot_fs: int | None = None

    @property
    def n_cores(self):
        return self.width * self.height * self.cores_per_tile

    @property
    def n_senders(self):
        return self.n_cores + (self.host_tile >= 0)

    def router_of_tile(self, tile):
        return ("node", 0, tile) if self.topology == "tree" else ("tile", tile // self.height, tile % self.height)

    def router_of_sender(self, sender):
        return self.router_of_tile(self.host_tile if sender == self.n_cores else sender // self.cores_per_tile)

    def router_of_core(self, core):
        return self.router_of_tile(core // self.cores_per_tile)

    def route(self, sender, core):
        """[(link, virtual channel)] from a sender to a core."""
        start, end = self.router_of_sender(sender), self.router_of_core(core)
        hops = self.tree_hops(start, end) if self.topology == "tree" else self.grid_hops(start, end)
        return [(("send", sender), 0), *hops, (("core", core), 0)]

    def tree_hops(self, start, end):
        up, down = [], []
        a, b = start, end
        while a != b:  # both one level up
            up.append((a, self.parent(a)))
            down.append((self.parent(b), b))
            a, b = self.parent(a), self.parent(b)
        return [(("hop", *pair), 0) for pair in up + down[::-1]]

    def parent(self, node):
        return ("node", node[1] + 1, node[2] // self.degree)

    def grid_hops(self, start, end):
        (_, x, y), (_, to_x, to_y) = start, end
        along_x = self.ring(x, to_x, self.width)
        along_y = self.ring(y, to_y, self.height)
        west = along_x[1] < 0
        if self.routing == "xy" or (self.routing == "west_first" and west):
            places = [(x, y) for x in along_x[0]] + [(to_x, y) for y in along_y[0][1:]]
            kinds = along_x[2] + along_y[2]
        else:
            places = [(x, y) for y in along_y[0]] + [(x, to_y) for x in along_x[0][1:]]
            kinds = along_y[2] + along_x[2]
        routers = [("tile", *place) for place in places]
        steps = zip(routers[:-1], routers[1:], kinds, strict=True)
        return [(("hop", a, b, direction), vc) for a, b, (direction, vc) in steps]

    def ring(self, a, b, size):
        """(places, way, [(way, virtual channel) of each step]) from a to b, the way being +1 or -1."""
        distance = b - a
        if self.topology == "torus":
            distance %= size
            if 2 * distance > size:
                distance -= size
        way = 1 if distance > 0 else -1
        places = [(a + way * k) % size for k in range(abs(distance) + 1)]
        wraps = [k for k in range(abs(distance)) if not 0 <= places[k] + way < size]
        last_wrap = max(wraps, default=-1)
        vcs = [0 if k <= last_wrap else 1 for k in range(abs(distance))]
        return places, way, [(way, vc if self.topology == "torus" else 0) for vc in vcs]

    def chip_of(self, node):
        """The set of chips below a router."""
        chip_width, chip_height = self.chip or (self.width, self.height)
        if node[0] == "tile":
            return {(node[1] // chip_width, node[2] // chip_height)}
        _, level, place = node
        tiles = [t for t in range(self.width * self.height) if t // self.degree**level == place]
        return {(t // self.height // chip_width, t % self.height // chip_height) for t in tiles}

    def crosses(self, link):
        if link[0] != "hop":
            return False
        a, b = self.chip_of(link[1]), self.chip_of(link[2])
        return a != b or len(a) > 1

    def direction(self, link):
        """0..3 east, west, north, south."""
        _, a, b = link[:3]
        if a[0] == "node":
            return 2 if b[1] > a[1] else 3
        way = link[3]
        return (0 if way > 0 else 1) if a[2] == b[2] else (2 if way > 0 else 3)

    def number(self, link):
        """The number of a link, as neuroemu/noc/fabric.py lists them."""
        if link[0] == "send":
            return link[1]
        if link[0] == "core":
            return self.n_senders + link[1]
        first_net = self.n_senders + self.n_cores
        _, a, b = link[:3]
        if a[0] == "tile":
            return first_net + 4 * (a[1] * self.height + a[2]) + self.direction(link)
        lower, down = (a, 0) if a[1] < b[1] else (b, 1)
        nodes, router = self.width * self.height, lower[2]
        for _ in range(lower[1]):
            router += nodes
            nodes = -(-nodes // self.degree)
        return first_net + 2 * router + down

    def buffer_number(self, channel):
        return self.number(channel[0]) * (2 if self.topology == "torus" else 1) + channel[1]

    def slot(self, link):
        if link[0] != "hop" and self.core_slot_fs is not None:
            return max(1, self.core_slot_fs)
        return max(1, self.chip_slot_fs or self.slot_fs) if self.crosses(link) else max(1, self.slot_fs)

    def latency(self, link):
        if link[0] != "hop":
            return max(1, self.tile_fs)
        latency = self.hop_fs[self.direction(link)]
        if self.crosses(link):
            latency = self.chip_hop_fs or latency
            latency += max(0, (self.chip_slot_fs or self.slot_fs) - self.slot_fs)
        return max(1, latency)

    def credit(self, link, leaves):
        """How long after a message began to leave the buffer at the end of `leaves` over a link its place is free."""
        credit = max(1, self.slot_fs if self.credit_fs is None else self.credit_fs)
        return credit + max(0, self.slot(link) - self.slot(leaves))

    def room(self, link):
        if link[0] != "core":
            return self.buffer
        return self.buffer if self.receive_buffer is None else self.receive_buffer or float("inf")


@dataclass
class Message:
    """One message on its way.  at: how many links of its route it has taken.  taken: (time, why, cause) of each."""

    number: int
    sender: int
    core: int
    gap: int
    work: int
    route: list
    at: int = 0
    arrived: int = 0
    begin: int | None = None
    after: Message | None = None
    taken: list = field(default_factory=list)


def step(board, sends, tails):
    """One step.  sends[s]: [(core, gap, work)] in order; tails[s].  Returns a dict of everything that one step tells.

    Time is swept over every moment at which anything can change; all of a moment's takings follow from what was before it.
    """
    messages, queues = [], []
    for sender, items in enumerate(sends):
        queues.append([])
        for core, gap, work in items:
            messages.append(Message(len(messages), sender, core, gap, work, board.route(sender, core)))
            queues[sender].append(messages[-1])
    handed = dict.fromkeys(range(len(sends)), 0)  # when each sender handed over its last message
    previous = {}  # sender -> its last message handed over
    turns = {}  # by link: the buffer it took from last
    free, last = {}, {}  # by link: when free, last taking (message, index in its route)
    inside = {}  # by (link, vc): messages in the buffer, first come first
    left = {}  # by (link, vc): [(when its place is free, message, index of the taking, when the next may ask)] of those gone
    received = {}  # by core: messages in order
    counts = {}  # by link: [carried, waited, blocked, most]
    times = [q[0].gap for q in queues if q]
    heapq.heapify(times)
    undelivered = len(messages)

    def occupied(channel, t):
        if channel[0][0] == "core":
            return sum(m.begin > t for m in received.get(channel[0][1], []))
        return len(inside.get(channel, [])) + sum(time > t for time, *_ in left.get(channel, []))

    while undelivered:
        if not times:
            return None  # deadlock
        t = heapq.heappop(times)
        asks = {}  # link -> [(arrived, number, message, ready, channel it leaves)]
        for sender, queue in enumerate(queues):
            if queue:
                ready = handed[sender] + queue[0].gap
                asks.setdefault(("send", sender), []).append((0, queue[0].number, queue[0], ready, None))
        for channel, waiting in inside.items():
            if waiting:
                m = waiting[0]
                ready = max(m.arrived, max((row[3] for row in left.get(channel, [])), default=0))
                asks.setdefault(m.route[m.at][0], []).append((m.arrived, m.number, m, ready, channel))
        taken = []
        for link, asking in asks.items():
            able = [
                ask
                for ask in asking
                if ask[3] <= t and free.get(link, 0) <= t and occupied(ask[2].route[ask[2].at], t) < board.room(link)
            ]
            if able:
                first = min(able, key=lambda ask: ask[:2])
                if board.arbitration == "round_robin" and link[0] != "send":
                    turn = turns.get(link, -1)
                    first = min(
                        able, key=lambda ask: (board.buffer_number(ask[4]) <= turn, board.buffer_number(ask[4]))
                    )
                    turns[link] = board.buffer_number(first[4])
                taken.append((link, first, min(ask[3] for ask in asking), occupied(first[2].route[first[2].at], t)))
        for link, (_, _, m, ready, leaves), since, before in taken:
            channel = m.route[m.at]
            if t == ready and leaves is None:
                why = ("send", previous.get(m.sender))
            elif t == ready and ready == m.arrived:
                why = ("hop", (m, m.at - 1))
            elif t == ready:
                why = ("behind", left[leaves][-1][1:3])
            elif t == free.get(link, 0):
                why = ("busy", last[link])
            elif link[0] == "core":
                why = ("receiver", next(x for x in received[link[1]] if x.begin == t))
            else:
                why = ("full", next(x[1:3] for x in left[channel] if x[0] == t))
            count = counts.setdefault(link, [0, 0, 0, 0])
            count[0] += 1
            count[1] += t - ready
            count[2] += t - max(since, free.get(link, 0))
            count[3] = max(count[3], before + 1)
            m.taken.append((t, *why))
            gone = t + board.slot(link)
            free[link], last[link] = gone, (m, m.at)
            if leaves is None:
                queues[m.sender].pop(0)
                handed[m.sender], previous[m.sender] = t, m
                if queues[m.sender]:
                    heapq.heappush(times, t + queues[m.sender][0].gap)
            else:
                inside[leaves].pop(0)
                freed = t + board.credit(link, leaves[0])
                left.setdefault(leaves, []).append((freed, m, m.at, gone))
                heapq.heappush(times, freed)
            m.arrived = t + board.latency(link)
            heapq.heappush(times, gone)
            if link[0] == "core":
                whole = m.arrived + board.slot(link)
                before_it = received.setdefault(link[1], [])
                done = before_it[-1].begin + before_it[-1].work if before_it else 0
                m.begin = max(whole, done)
                m.after = before_it[-1] if done > whole else None
                before_it.append(m)
                heapq.heappush(times, m.begin)
                undelivered -= 1
            else:
                inside.setdefault(channel, []).append(m)
                heapq.heappush(times, m.arrived)
            m.at += 1
    send_end = [handed[s] + tails[s] for s in range(len(sends))]
    receive_end = [0] * board.n_cores
    receive_busy = [0] * board.n_cores
    for core, those in received.items():
        receive_end[core] = those[-1].begin + those[-1].work
        receive_busy[core] = sum(m.work for m in those)
    end = max(send_end + receive_end)
    path = critical_path(board, end, send_end, receive_end, tails, previous, received)
    return dict(
        end=end, send_end=send_end, receive_busy=receive_busy, receive_end=receive_end, counts=counts, path=path,
        messages=messages,
    )  # fmt: skip


def critical_path(board, end, send_end, receive_end, tails, previous, received):
    """[(part, what, fs)] from the end back to 0; part: send, link, full, hop or receive, what: core or link."""
    if end in receive_end and received:
        core = receive_end.index(end)
        at = ("begin", received[core][-1])
        path = [("receive", core, received[core][-1].work)]
    else:
        sender = send_end.index(end)
        path = [("send", sender, tails[sender])]
        if sender not in previous:
            return path
        at = ("take", previous[sender], 0)
    while True:
        if at[0] == "begin":
            m = at[1]
            if m.after:
                path.append(("receive", m.core, m.after.work))
                at = ("begin", m.after)
            else:
                link = ("core", m.core)
                path.append(("hop", link, board.latency(link) + board.slot(link)))
                at = ("take", m, len(m.route) - 1)
            continue
        _, m, k = at
        link = m.route[k][0]
        _, why, cause = m.taken[k]
        if why == "send":
            path.append(("send", m.sender, m.gap))
            if cause is None:
                return path
            at = ("take", cause, 0)
        elif why == "receiver":
            at = ("begin", cause)
        else:
            before = cause[0].route[cause[1]][0]
            if why == "hop":
                path.append(("hop", before, board.latency(before)))
            elif why == "full":
                path.append(("full", link, board.credit(before, link)))
            else:
                path.append(("link", before, board.slot(before)))
            at = ("take", *cause)
