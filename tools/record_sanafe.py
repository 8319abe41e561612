"""Records what SANA-FE makes of cases: CASE.json (format neuro-case/1) gives CASE.sanafe.json beside it.

    python tools/record_sanafe.py CASE.json...

Runs under an interpreter that has SANA-FE 2.2 and PyYAML (python3.11 -m venv X; X/bin/pip install sanafe==2.2.9 pyyaml) and
knows nothing of neuroemu. Energies, counts and spikes are those of the run under `detailed`, whose order of messages is noted
as well: SANA-FE orders them by heap address, anew in every run. `cycle` is recorded where the mesh is 8 x 4 with 4 cores a
tile, as its network is.
"""

import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import sanafe
import yaml

PARTS = ("total", "synapse", "dendrite", "soma", "network")
COUNTS = {
    "neurons_updated": "neurons_updated",
    "neurons_fired": "neurons_fired",
    "spikes": "spikes",
    "packets": "packets_sent",
}


def main() -> None:
    for name in sys.argv[1:]:
        path = Path(name)
        path.with_suffix(".sanafe.json").write_text(json.dumps(record(json.loads(path.read_text()))) + "\n")
        print(path.with_suffix(".sanafe.json"), file=sys.stderr)


def record(case: dict) -> dict:
    """Results of a case, as FORMAT.md of the corpus describes them, without the tables of messages."""
    noc = case["chip"]["noc"]
    as_cycle = (noc["width"], noc["height"], case["chip"]["cores_per_tile"]) == (8, 4, 4)
    models = ("simple", "detailed", "cycle") if as_cycle else ("simple", "detailed")
    runs = {model: _run(case, model) for model in models}
    done = runs["detailed"]
    trace = done["perf_trace"]
    spikes: dict = {}
    for step, fired in enumerate(done["spike_trace"]):
        for neuron in fired:
            spikes.setdefault(neuron.group_name, {}).setdefault(str(neuron.neuron_offset), []).append(step + 1)
    order: dict = {}
    for messages in done["message_trace"]:
        seen: dict = {}
        for message in sorted((m for m in messages if not m["placeholder"]), key=lambda m: m["mid"]):
            neuron = f"{message['src_neuron_group_id']}.{message['src_neuron_offset']}"
            seen.setdefault(neuron, []).append(int(message["dest_core_id"]))
        order = {**seen, **order}
    return {
        "case": case["name"],
        "simulator": "SANA-FE",
        "sanafe_version": version("sanafe"),
        "counts": {name: done[key] for name, key in COUNTS.items()} | {"hops": int(sum(trace["hops"]))},
        "energy": {part: done["energy"][part] for part in PARTS},
        "sim_time": {model: run["sim_time"] for model, run in runs.items()},
        "per_step": {
            **{name: [int(count) for count in trace[name]] for name in ("fired", "updated", "hops", "spikes")},
            **{f"{part}_energy": list(trace[f"{part}_energy"]) for part in PARTS},
            "sim_time": {model: list(run["perf_trace"]["sim_time"]) for model, run in runs.items()},
        },
        "spikes": spikes,
        "dest_core_order": order,
    }


def _run(case: dict, model: str) -> dict:
    """One run of a chip built anew. SANA-FE's progress goes to stderr."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        chip = _chip(case)
        return chip.sim(case["timesteps"], timing_model=model, spike_trace=True, perf_trace=True, message_trace=True)
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)


def _chip(case: dict) -> sanafe.SpikingChip:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(_architecture(case["chip"]), file)
        file.flush()
        arch = sanafe.load_arch(file.name)
    network, groups = sanafe.Network(), []
    for given in case["groups"]:
        is_input = given["kind"] == "input"
        group = network.create_neuron_group(
            given["name"],
            given["size"],
            model_attributes={} if is_input else dict(given["params"]),
            default_synapse_hw_name=f"synapse_{given['synapse']}",
            default_dendrite_hw_name="dendrite",
            soma_hw_name="input[0]" if is_input else "lif",
            log_spikes=True,
        )
        groups.append(group)
        trains = case["input_spikes"].get(given["name"], {})
        for index, neuron in enumerate(group.neurons):
            if is_input:
                fires = set(trains.get(str(index), []))
                train = [step + 1 in fires for step in range(case["timesteps"])]
                neuron.set_attributes(soma_hw_name=f"input[{index}]", model_attributes={"spikes": train})
            elif str(index) in given["overrides"]:
                neuron.set_attributes(model_attributes=given["overrides"][str(index)])
    cores = arch.cores()
    for group, first, count, core in case["mapping"]:
        for index in range(first, first + count):
            groups[group].neurons[index].map_to_core(cores[core])
    for from_group, source, to_group, target, weight in case["edges"]:
        groups[from_group].neurons[source].connect_to_neuron(
            groups[to_group].neurons[target], {"weight": float(weight)}
        )
    chip = sanafe.SpikingChip(arch)
    chip.load(network)
    return chip


def _architecture(chip: dict) -> dict:
    """A chip of a case as SANA-FE's architecture file."""
    costs, noc = chip["costs"], chip["noc"]

    def unit(name: str, cost: dict, event: str, **attributes: str) -> dict:
        return _unit(name, {event: cost}, **attributes)

    def soma(name: str, model: str, cost: dict) -> dict:
        events = {"access_neuron": cost["access"], "update_neuron": cost["update"], "spike_out": cost["spike_out"]}
        return _unit(name, events, model=model)

    core = {
        "name": f"core[0..{chip['cores_per_tile'] - 1}]",
        "attributes": {
            "buffer_position": "soma",
            "buffer_inside_unit": False,
            "max_neurons_supported": chip["max_neurons_per_core"],
        },
        "axon_in": [unit("in", costs["axon_in"], "message_in")],
        "synapse": [
            unit(f"synapse_{kind}", cost, "process_spike", model="current_based")
            for kind, cost in costs["synapse"].items()
        ],
        "dendrite": [unit("dendrite", costs["dendrite"], "update", model="accumulator")],
        "soma": [
            soma("lif", "leaky_integrate_fire", costs["soma"]),
            soma(f"input[0..{chip['max_neurons_per_core'] - 1}]", "input", costs["input_soma"]),
        ],
        "axon_out": [unit("out", costs["axon_out"], "message_out")],
    }
    tile = {
        "name": f"tile[0..{chip['n_tiles'] - 1}]",
        "attributes": {
            f"{what}_{way}_hop": cost[what] for way, cost in costs["hop"].items() for what in ("energy", "latency")
        },
        "core": [core],
    }
    mesh = {"topology": "mesh", **noc, "sync_model": "table"}
    mesh["latency_sync"] = {int(tiles): seconds for tiles, seconds in chip["sync"].items()}
    return {"architecture": {"name": "case", "attributes": mesh, "tile": [tile]}}


def _unit(name: str, events: dict, **attributes: str) -> dict:
    """A hardware unit and what each of its events costs."""
    costs = {f"{what}_{event}": cost[what] for event, cost in events.items() for what in ("energy", "latency")}
    return {"name": name, "attributes": attributes | costs}


if __name__ == "__main__":
    main()
