"""Records what the harness of NeuroBench says of small odd networks: OUT.json has each network, its input and the answer.

    python tools/record_neurobench.py tests/vectors/neurobench/odd.json

Runs under an interpreter that has NeuroBench 2.3 (python3.11 -m venv X; X/bin/pip install neurobench==2.3.0 snntorch==1.0.0
torch==2.13.0) and knows nothing of neuroemu. Networks and inputs are drawn from SEED, each by its own place in the list, so
that a new one at its end leaves the others as they are. Each is answered for twice, by a model made anew: with batches of
one sample ('alone'), and with one batch of all ('together').
"""

from __future__ import annotations

import contextlib
import io
import json
import platform
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import snntorch as snn
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics import static, workload
from neurobench.models import SNNTorchModel
from neurobench.processors.postprocessors import ChooseMaxCount
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = 20261123
STATIC = [static.Footprint, static.ConnectionSparsity, static.ParameterCount]
WORKLOAD = [
    workload.ClassificationAccuracy, workload.ActivationSparsity, workload.ActivationSparsityByLayer,
    workload.MembraneUpdates, workload.SynapticOperations, workload.NeuronOperations,
]  # fmt: skip
OUT_OF_REACH = 1e9  # the threshold of a Leaky that is read out by its potential

Layer = dict[str, Any]


def main() -> None:
    origin = {name: version(name) for name in ("neurobench", "snntorch", "torch", "numpy")}
    origin |= {"python": platform.python_version(), "seed": SEED, "script": "tools/record_neurobench.py"}
    lines = []
    for place, make in enumerate(NETWORKS):
        case = {"name": make.__name__, **make(np.random.default_rng([SEED, place]))}
        case |= {"alone": answer(case, 1), "together": answer(case, len(case["labels"]))}
        lines.append(json.dumps(case, separators=(",", ":")))
    told = f'{{"origin": {json.dumps(origin)},\n"networks": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(sys.argv[1]).write_text(told)


def answer(case: dict[str, Any], batch: int) -> dict[str, Any]:
    """The harness's results of a network made anew, with batches of so many samples; what it printed of errors besides."""
    data = TensorDataset(_floats(case["input"]), torch.tensor(case["labels"]))
    told = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(told), torch.no_grad():
        warnings.simplefilter("ignore")
        model = SNNTorchModel(Net(case["layers"]))
        benchmark = Benchmark(model, DataLoader(data, batch), [], [ChooseMaxCount()], [STATIC, WORKLOAD])
        with contextlib.redirect_stderr(io.StringIO()):  # its bar
            results = benchmark.run()
    errors = sorted({line for line in told.getvalue().splitlines() if line.startswith("Error")})
    return {**results, **({"errors": errors} if errors else {})}


class Net(nn.Module):
    """Layers by their names; each takes the sum of what those it is 'of' put out, by default the one before it."""

    def __init__(self, layers: list[Layer]) -> None:
        super().__init__()
        self.layers = layers
        for layer in layers:
            self.add_module(layer["name"], MODULES[layer["kind"]](layer))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        out = {"input": x}
        before = "input"
        for layer in self.layers:
            name = layer["name"]
            y = getattr(self, name)(sum(out[pre] for pre in layer.get("of", [before])))
            out[name] = y[0] if isinstance(y, tuple) else y
            before = name
        return out[before], None


class SumPool(nn.Module):
    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(x, self.kernel, divisor_override=1)


def _floats(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _weighted(module: nn.Module, layer: Layer) -> nn.Module:
    module.weight.data = _floats(layer["weight"])
    if layer["bias"] is not None:
        module.bias.data = _floats(layer["bias"])
    return module


def _linear(layer: Layer) -> nn.Module:
    out, n = np.shape(layer["weight"])
    return _weighted(nn.Linear(n, out, bias=layer["bias"] is not None), layer)


def _conv(layer: Layer) -> nn.Module:
    out, n, *kernel = np.shape(layer["weight"])
    more = {key: layer[key] for key in ("stride", "padding", "dilation", "groups")}
    bias = layer["bias"] is not None
    return _weighted(nn.Conv2d(n * layer["groups"], out, tuple(kernel), bias=bias, **more), layer)


def _neuron(layer: Layer) -> nn.Module:
    more: dict[str, Any] = {"threshold": _floats(layer["threshold"]), "reset_mechanism": layer["reset"]}
    more["reset_delay"] = layer["reset_delay"]
    if "alpha" in layer:
        more["alpha"] = _floats(layer["alpha"])
    if "back" in layer:
        more |= {"linear_features": len(layer["back"]["weight"])}
    if "V" in layer:
        more |= {"all_to_all": False, "V": _floats(layer["V"])}
    module = getattr(snn, layer["kind"])(beta=_floats(layer["beta"]), **more)
    if "back" in layer:
        _weighted(module.recurrent, layer["back"])
    return module


MODULES = {
    "Linear": _linear,
    "Conv2d": _conv,
    "AvgPool2d": lambda layer: nn.AvgPool2d(layer["kernel"]),
    "SumPool2d": lambda layer: SumPool(layer["kernel"]),
    "Flatten": lambda layer: nn.Flatten(),
    **dict.fromkeys(("Leaky", "Synaptic", "RLeaky", "RSynaptic"), _neuron),
}


# Networks. Numbers are multiples of 1/8 where a potential might otherwise hang on the order of a sum.


def eighths(rng: np.random.Generator, *shape: int, zeros: float = 0.0) -> Any:
    """Weights from -1 to 2, of which some are 0 exactly."""
    return (rng.integers(-8, 17, shape) / 8 * (rng.random(shape) >= zeros)).tolist()


def linear(rng: np.random.Generator, name: str, out: int, n: int, bias: bool = False, zeros: float = 0.0) -> Layer:
    given = eighths(rng, out) if bias else None
    return {"name": name, "kind": "Linear", "weight": eighths(rng, out, n, zeros=zeros), "bias": given}


def conv(rng: np.random.Generator, name: str, out: int, n: int, kernel: int, bias: bool = False, **more: int) -> Layer:
    given = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **more}
    weight = eighths(rng, out, n // given["groups"], kernel, kernel, zeros=0.2)
    return {"name": name, "kind": "Conv2d", "weight": weight, "bias": eighths(rng, out) if bias else None, **given}


def neuron(name: str, kind: str, n: Any, reset: str, reset_delay: bool = True, **more: Any) -> Layer:
    """n: shape. Without other word: beta 0.75, alpha 0.5, threshold 1, for each neuron."""
    given = {"beta": 0.75, "threshold": 1.0, **({"alpha": 0.5} if "Synaptic" in kind else {}), **more}
    given = {key: np.full(n, value).tolist() if isinstance(value, float) else value for key, value in given.items()}
    return {"name": name, "kind": kind, "reset": reset, "reset_delay": reset_delay, **given}


def spikes(rng: np.random.Generator, samples: int, steps: int, *shape: int) -> dict[str, Any]:
    x = (rng.random((samples, steps, *shape)) < 0.4).astype(int)
    return {"input": x.tolist(), "labels": rng.integers(0, 3, samples).tolist()}


def one_layer(rng):
    layers = [linear(rng, "fc", 4, 5, bias=True), neuron("lif", "Leaky", 4, "subtract")]
    return {"layers": layers, **spikes(rng, 3, 6, 5)}


def one_of_everything(rng):
    layers = [linear(rng, "fc", 1, 1), neuron("lif", "Leaky", 1, "zero", False)]
    return {"layers": layers, "input": [[[1]]], "labels": [0]}


def zero_late(rng):
    """No biases; a beta for each neuron, 0 and nearly 1 among them."""
    betas = {"beta": [0.0, 0.25, 0.5, 0.984375]}
    layers = [linear(rng, "fc1", 4, 5), neuron("lif1", "Leaky", 4, "zero", **betas)]
    layers += [linear(rng, "fc2", 3, 4), neuron("lif2", "Leaky", 3, "zero", threshold=[0.5, 1.0, 4.0])]
    return {"layers": layers, **spikes(rng, 4, 8, 5)}


def subtract_at_once(rng):
    layers = [linear(rng, "fc1", 4, 5, bias=True), neuron("lif1", "Leaky", 4, "subtract", False)]
    layers += [linear(rng, "fc2", 3, 4, bias=True), neuron("lif2", "Leaky", 3, "subtract", False)]
    return {"layers": layers, **spikes(rng, 4, 8, 5)}


def one_number_for_all(rng):
    """beta and threshold are single numbers, as they are by default."""
    layers = [linear(rng, "fc1", 4, 5), {**neuron("lif1", "Leaky", 4, "zero", False), "beta": 0.5, "threshold": 1.0}]
    return {"layers": layers, **spikes(rng, 2, 4, 5)}


def odd_decimals(rng):
    """Weights and decays that float32 rounds; potentials that come to rest under a constant bias."""
    return _decimals(rng, [0.95, 0.9, 0.8, 0.7, 0.6, 0.55], [0.8, 0.65, 0.51])


def small_betas(rng):
    """The same below 0.5: snnTorch's exporter writes dt / (1 - beta), which has lost their last bits."""
    return _decimals(rng, [0.45, 0.4, 0.3, 0.2, 0.1, 0.05], [0.35, 0.15, 0.05])


def _decimals(rng, first, second):
    fc = linear(rng, "fc1", 6, 5)
    fc |= {"weight": rng.normal(0, 0.4, (6, 5)).round(3).tolist(), "bias": rng.normal(0, 0.05, 6).round(3).tolist()}
    layers = [fc, neuron("lif1", "Leaky", 6, "subtract", beta=first), linear(rng, "fc2", 3, 6)]
    layers += [neuron("lif2", "Leaky", 3, "subtract", beta=second)]
    made = {"layers": layers, **spikes(rng, 3, 40, 5)}
    return made | {"input": (np.array(made["input"]) * (np.arange(40) < 6)[:, None]).tolist()}


def read_out_by_potential(rng):
    layers = [linear(rng, "fc1", 4, 5), neuron("lif1", "Leaky", 4, "zero", False), linear(rng, "fc2", 3, 4)]
    layers += [{**neuron("read", "Leaky", 3, "none"), "threshold": OUT_OF_REACH}]
    return {"layers": layers, **spikes(rng, 3, 6, 5)}


def synaptic_subtract(rng):
    layers = [linear(rng, "fc1", 4, 5), neuron("syn1", "Synaptic", 4, "subtract", alpha=[0.0, 0.25, 0.5, 0.875])]
    layers += [linear(rng, "fc2", 3, 4), neuron("syn2", "Synaptic", 3, "subtract")]
    return {"layers": layers, **spikes(rng, 3, 7, 5)}


def synaptic_zero(rng):
    layers = [linear(rng, "fc1", 4, 5), neuron("syn1", "Synaptic", 4, "zero")]
    layers += [linear(rng, "fc2", 3, 4), neuron("lif2", "Leaky", 3, "zero")]
    return {"layers": layers, **spikes(rng, 3, 7, 5)}


def many_zeros(rng):
    """Most weights are 0, all of a layer, and a neuron of it has a bias: the others' potentials never change."""
    none = {"name": "fc2", "kind": "Linear", "weight": np.zeros((3, 4)).tolist(), "bias": [0.0, 0.0, 0.5]}
    layers = [linear(rng, "fc1", 4, 5, zeros=0.7), neuron("lif1", "Leaky", 4, "zero", False), none]
    layers += [neuron("lif2", "Leaky", 3, "zero", False)]
    return {"layers": layers, **spikes(rng, 3, 6, 5)}


def sparsity_on_an_edge(rng):
    """29 zeros of 160, 0.18125: as float32 that rounds up, as float64 down."""
    weight = np.ones(160)
    weight[rng.permutation(160)[:29]] = 0
    fc = {"name": "fc", "kind": "Linear", "weight": weight.reshape(10, 16).tolist(), "bias": None}
    return {"layers": [fc, neuron("lif", "Leaky", 10, "zero", False)], **spikes(rng, 1, 2, 16)}


def silence(rng):
    layers = [linear(rng, "fc1", 4, 5), neuron("lif1", "Leaky", 4, "subtract"), linear(rng, "fc2", 3, 4)]
    layers += [neuron("lif2", "Leaky", 3, "subtract")]
    return {"layers": layers, "input": np.zeros((2, 5, 5), int).tolist(), "labels": [0, 1]}


def no_weights(rng):
    return {"layers": [neuron("lif", "Leaky", 3, "subtract")], **spikes(rng, 2, 5, 3)}


def no_neuron(rng):
    return {"layers": [linear(rng, "fc1", 4, 5, bias=True), linear(rng, "fc2", 3, 4)], **spikes(rng, 2, 3, 5)}


def graded(rng):
    """Some steps of some samples hold other values than -1, 0 and 1."""
    layers = [linear(rng, "fc1", 4, 5, zeros=0.3), neuron("lif1", "Leaky", 4, "zero", False), linear(rng, "fc2", 3, 4)]
    layers += [neuron("lif2", "Leaky", 3, "zero", False)]
    x = rng.choice([-1.0, 0.0, 1.0], (4, 6, 5)) * np.where(rng.random((4, 6, 1)) < 0.3, 2.5, 1.0)
    return {"layers": layers, "input": x.tolist(), "labels": [0, 1, 2, 0]}


def conv_averages(rng):
    """A convolution with a stride and without a bias; its averages are no spikes."""
    layers = [conv(rng, "conv", 2, 1, 3, stride=2, padding=1), neuron("lif1", "Leaky", (2, 4, 4), "subtract")]
    layers += [{"name": "pool", "kind": "AvgPool2d", "kernel": 2}, {"name": "flat", "kind": "Flatten"}]
    layers += [linear(rng, "fc", 3, 8, bias=True), neuron("lif2", "Leaky", 3, "subtract")]
    return {"layers": layers, **spikes(rng, 3, 5, 1, 7, 7)}


def conv_sums(rng):
    """Groups, dilation, biases; the sums are taken of the input."""
    layers = [{"name": "pool", "kind": "SumPool2d", "kernel": 2}]
    layers += [conv(rng, "conv1", 4, 2, 2, bias=True, groups=2, padding=1), neuron("lif1", "Leaky", (4, 5, 5), "zero")]
    layers += [conv(rng, "conv2", 2, 4, 2, bias=True, dilation=2, stride=2), neuron("lif2", "Leaky", (2, 2, 2), "zero")]
    layers += [{"name": "flat", "kind": "Flatten"}, linear(rng, "fc", 3, 8), neuron("lif3", "Leaky", 3, "zero")]
    return {"layers": layers, **spikes(rng, 2, 4, 2, 8, 8)}


def conv_alone(rng):
    """3 x 3 over 8 x 8 without a stride, for which torch has kernels that round."""
    layers = [conv(rng, "conv", 4, 3, 3, padding=1), neuron("lif", "Leaky", (4, 8, 8), "zero", False)]
    layers += [{"name": "flat", "kind": "Flatten"}]
    return {"layers": layers, **spikes(rng, 2, 2, 3, 8, 8)}


def skip(rng):
    layers = [linear(rng, "fc1", 4, 4), neuron("lif1", "Leaky", 4, "zero", False)]
    layers += [{**linear(rng, "fc2", 3, 4), "of": ["lif1", "input"]}, neuron("lif2", "Leaky", 3, "zero", False)]
    return {"layers": layers, **spikes(rng, 3, 6, 4)}


def _recurrent(rng, kind, reset, reset_delay=True):
    back = {"weight": eighths(rng, 4, 4, zeros=0.3), "bias": eighths(rng, 4)}
    layers = [linear(rng, "fc1", 4, 5), neuron("rec", kind, 4, reset, reset_delay, back=back)]
    layers += [linear(rng, "fc2", 3, 4), neuron("lif", "Leaky", 3, reset, reset_delay)]
    return {"layers": layers, **spikes(rng, 3, 6, 5)}


def rleaky_subtract(rng):
    return _recurrent(rng, "RLeaky", "subtract")


def rleaky_zero(rng):
    return _recurrent(rng, "RLeaky", "zero")


def rleaky_zero_at_once(rng):
    return _recurrent(rng, "RLeaky", "zero", False)


def rsynaptic_subtract(rng):
    return _recurrent(rng, "RSynaptic", "subtract")


def rsynaptic_zero(rng):
    return _recurrent(rng, "RSynaptic", "zero")


def each_to_itself(rng):
    layers = [linear(rng, "fc1", 4, 5), neuron("rec", "RLeaky", 4, "zero", V=eighths(rng, 4))]
    layers += [linear(rng, "fc2", 3, 4), neuron("lif", "Leaky", 3, "zero")]
    return {"layers": layers, **spikes(rng, 3, 6, 5)}


def without_leak(rng):
    """A beta or alpha of 1, of which snnTorch's exporter makes a tau and an r that are infinite."""
    first = neuron("lif", "Leaky", 4, "zero", beta=[1.0, 1.0, 0.5, 0.0])
    second = neuron("syn", "Synaptic", 3, "zero", beta=[0.5, 1.0, 1.0], alpha=[1.0, 0.5, 0.0], threshold=4.0)
    layers = [linear(rng, "fc1", 4, 5, zeros=0.5), first, linear(rng, "fc2", 3, 4), second]
    return {"layers": layers, **spikes(rng, 3, 8, 5)}


NETWORKS = [
    one_layer, one_of_everything, zero_late, subtract_at_once, one_number_for_all, odd_decimals, small_betas,
    read_out_by_potential, synaptic_subtract, synaptic_zero, many_zeros, sparsity_on_an_edge, silence, no_weights, no_neuron,
    graded, conv_averages, conv_sums, conv_alone, skip, rleaky_subtract, rleaky_zero, rleaky_zero_at_once,
    rsynaptic_subtract, rsynaptic_zero, each_to_itself, without_leak,
]  # fmt: skip


if __name__ == "__main__":
    main()
