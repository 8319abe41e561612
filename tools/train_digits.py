"""Train the small spiking network of programs/digits, off chip, in plain numpy.

Takes the 1797 real 8x8 digits that come with scikit-learn and gives one .npz of float weights, to be rounded to
8-bit mantissas and run on the emulated chip. One step is 1 ms, t = 1..T, and every spike takes one step to arrive:

    s0[t] ~ Bernoulli(image / 16)                        64 pixels, drawn afresh on every presentation
    u[t]  = a_u u[t-1] + W s_in[t-1]                     synaptic current,  a_u = exp(-1 / tau_syn)
    v[t]  = a_v v[t-1] + u[t] + b                        membrane voltage,  a_v = exp(-1 / tau_mem)
    s[t]  = v[t] > 1, and where it spikes v[t] becomes 0

through a hidden layer and ten outputs; u and v are 0 before t = 1, and no spike arrives before t = 2. The answer is
the class whose output spiked most (the lowest on a tie). Training is backpropagation through time: the spike's
derivative is replaced by a surrogate gradient, the loss is a cross entropy on the output spike counts, the images are
shifted by a random fraction of a pixel, and the last epochs run forward on rounded weights.

540 of the digits are a test split that no choice here rests on. The constants below were chosen by five-fold
cross-validation within the other 1257, which `--validate` repeats (five trainings; the test split is not read). A
plain run trains on all 1257 and reads the test split once, at the end, under five seeds of input noise.

The file holds w1 (hidden, 64), w2 (10, hidden), b1 (hidden,), b2 (10,), and the scalars seed, steps, tau_syn and
tau_mem (ms, both layers) and float_accuracy (mean over the noise seeds). The result depends on the arguments alone,
on one machine with one BLAS: pin OMP_NUM_THREADS=1 to get the same bits again.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, train_test_split

CLASSES = 10
TAU_SYN = 2.0  # ms
TAU_MEM = 10.0  # ms
THRESHOLD = 1.0
SPLIT_SEED = 7  # fixes who is in the test split; never varied
NOISE_SEEDS = range(5)  # of the input spikes at evaluation

BATCH = 64  # samples
MAX_SHIFT = 0.5  # pixels, of the training images only
LEARNING_RATE = 4e-3
SURROGATE_SLOPE = 2.0
COUNT_GAIN = 0.25  # nats of the softmax per output spike
ACTIVITY_TARGET = 2.0  # spikes per hidden compartment and sample, averaged over a batch
ACTIVITY_COST = 1e-3
WEIGHT_DECAY = 0.1  # fraction of each weight lost per unit of learning rate
BIAS_LIMIT = 0.2
CLIP_RMS = 3.0  # weights beyond this many root mean squares of their layer are clipped
ROUNDED_FROM = 0.6  # fraction of the epochs after which the forward pass uses rounded weights


@dataclass
class Layer:
    """What one layer did over a batch; arrays are (steps, samples, compartments)."""

    trace: np.ndarray  # input spikes after transport and synaptic filter; the current is weights @ trace
    voltage: np.ndarray  # as compared with the threshold, before the reset
    spikes: np.ndarray  # 0.0 or 1.0


def load_split():
    """Return (train images, train labels), (test images, test labels); images are (samples, 64) in [0, 1]."""
    digits = load_digits()
    images = (digits.data / 16).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        images, digits.target, test_size=540, random_state=SPLIT_SEED, stratify=digits.target
    )
    return (train_x, train_y), (test_x, test_y)


def bernoulli_spikes(images, steps, rng):
    """Draw input spikes, (steps, samples, 64); a pixel's value is its spike probability in every time step."""
    draws = rng.random((steps, *images.shape), dtype=np.float32)
    return (draws < images).astype(np.float32)


def jitter(images, rng):
    """Shift each image (samples, 64) a random fraction of a pixel both ways, as a pen might; outside is dark."""
    pictures = images.reshape(-1, 8, 8)
    pixel = np.arange(8)
    offset = pixel[:, None] - pixel
    shift = rng.uniform(-MAX_SHIFT, MAX_SHIFT, (2, len(images), 1, 1))
    down, across = np.maximum(1 - np.abs(offset - shift), 0)  # linear interpolation, one 8x8 matrix a sample
    return (down @ pictures @ across.transpose(0, 2, 1)).reshape(images.shape).astype(np.float32)


def delayed_trace(spikes, decay):
    """Filter spikes (steps, ...) as a synapse of weight 1 would: x[t] = decay x[t-1] + s[t-1]."""
    trace = np.zeros_like(spikes)
    for t in range(1, len(spikes)):
        trace[t] = decay * trace[t - 1] + spikes[t - 1]
    return trace


def delayed_trace_backward(grad_trace, decay):
    """Given the loss gradient at each x[t] of delayed_trace, return it at each spike s[t]."""
    grad_spikes = np.zeros_like(grad_trace)
    for t in range(len(grad_trace) - 2, -1, -1):
        grad_spikes[t] = grad_trace[t + 1] + decay * grad_spikes[t + 1]
    return grad_spikes


def run_layer(input_spikes, weights, bias, a_u, a_v):
    """Run one layer of compartments over all time steps.

    The current is linear in the input, so the filter goes first and one product serves all steps.
    """
    trace = delayed_trace(input_spikes, a_u)
    drive = trace @ weights.T + bias
    voltage, spikes = np.empty_like(drive), np.empty_like(drive)
    left = np.zeros_like(drive[0])  # voltage after the reset
    for t in range(len(drive)):
        voltage[t] = a_v * left + drive[t]
        spikes[t] = voltage[t] > THRESHOLD
        left = voltage[t] * (1 - spikes[t])
    return Layer(trace, voltage, spikes)


def voltage_gradient(layer, grad_spikes, a_v):
    """Carry the loss gradient from spikes back to voltages, through time; (steps, samples, compartments).

    The surrogate is the fast sigmoid's derivative. The reset is taken as a constant: it cuts the path through time
    where a spike fell, and its own dependence on the spike is left out, which trains more steadily.
    """
    surrogate = 1 / (1 + SURROGATE_SLOPE * np.abs(layer.voltage - THRESHOLD)) ** 2
    grad = grad_spikes * surrogate
    for t in range(len(grad) - 2, -1, -1):
        grad[t] += a_v * (1 - layer.spikes[t]) * grad[t + 1]
    return grad


def decays():
    """Return a_u and a_v, the factors kept per 1 ms step."""
    return np.float32(np.exp(-1 / TAU_SYN)), np.float32(np.exp(-1 / TAU_MEM))


def forward(params, input_spikes):
    """Run both layers; return them as (hidden, output)."""
    a_u, a_v = decays()
    hidden = run_layer(input_spikes, params["w1"], params["b1"], a_u, a_v)
    output = run_layer(hidden.spikes, params["w2"], params["b2"], a_u, a_v)
    return hidden, output


def loss_and_gradients(params, input_spikes, labels):
    """Return the mean cross entropy on output counts, the gradients (keyed as params), and both layers' records."""
    a_u, a_v = decays()
    hidden, output = forward(params, input_spikes)
    samples = len(labels)

    logits = COUNT_GAIN * output.spikes.sum(0)
    logits -= logits.max(1, keepdims=True)
    probability = np.exp(logits)
    probability /= probability.sum(1, keepdims=True)
    loss = -np.log(probability[np.arange(samples), labels] + 1e-12).mean()

    grad_counts = COUNT_GAIN * (probability - np.eye(CLASSES, dtype=np.float32)[labels]) / samples
    grad_v2 = voltage_gradient(output, np.broadcast_to(grad_counts, output.spikes.shape), a_v)

    grad_s1 = delayed_trace_backward(grad_v2 @ params["w2"], a_u)
    # The pull goes both ways: busy compartments cost energy, rarely firing ones generalise badly.
    grad_s1 += ACTIVITY_COST / samples * (hidden.spikes.sum(0).mean(0) - ACTIVITY_TARGET)
    grad_v1 = voltage_gradient(hidden, grad_s1, a_v)

    gradients = {
        "w1": np.tensordot(grad_v1, hidden.trace, ((0, 1), (0, 1))),
        "b1": grad_v1.sum((0, 1)),
        "w2": np.tensordot(grad_v2, output.trace, ((0, 1), (0, 1))),
        "b2": grad_v2.sum((0, 1)),
    }
    return loss, gradients, hidden, output


def round_to_mantissas(weights):
    """Round as the chip will: even mantissas in -254..254, one scale a layer; given back in float units."""
    scale = 254 / np.abs(weights).max()
    return 2 * np.rint(weights * scale / 2) / scale


def rounded(params):
    """Return params with both weight matrices rounded to 8-bit mantissas."""
    return {name: round_to_mantissas(value) if name[0] == "w" else value for name, value in params.items()}


class Adam:
    """The Adam optimiser over a dict of arrays, changed in place."""

    def __init__(self, params):
        self.mean = {name: np.zeros_like(value) for name, value in params.items()}
        self.square = {name: np.zeros_like(value) for name, value in params.items()}
        self.count = 0

    def step(self, params, gradients, rate):
        """Move every array once along its gradient."""
        self.count += 1
        for name, gradient in gradients.items():
            self.mean[name] += 0.1 * (gradient - self.mean[name])
            self.square[name] += 0.001 * (gradient**2 - self.square[name])
            mean = self.mean[name] / (1 - 0.9**self.count)
            square = self.square[name] / (1 - 0.999**self.count)
            params[name] -= rate * (mean / (np.sqrt(square) + 1e-8) + WEIGHT_DECAY * params[name])


def keep_in_range(params):
    """Clip, in place, outlying weights (one would coarsen its whole layer's 8-bit grid) and large biases."""
    for name, value in params.items():
        limit = CLIP_RMS * np.sqrt(np.mean(value**2)) if name[0] == "w" else BIAS_LIMIT
        np.clip(value, -limit, limit, out=value)


def initial_params(hidden, rng):
    """Draw weights with a positive mean, so that every compartment fires, and so learns, from the start."""
    w1 = rng.normal(0.03, 0.06, (hidden, 64))
    w2 = rng.normal(0.02, 1.2 / np.sqrt(hidden), (CLASSES, hidden))
    params = {"w1": w1, "b1": np.zeros(hidden), "w2": w2, "b2": np.zeros(CLASSES)}
    return {name: value.astype(np.float32) for name, value in params.items()}


def train(images, labels, hidden, steps, epochs, seed):
    """Train on (samples, 64) images; return the params. Prints a line every ten epochs."""
    rng = np.random.default_rng(seed)
    params = initial_params(hidden, rng)
    optimiser = Adam(params)
    for epoch in range(epochs):
        rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        losses, hits, hidden_spikes, output_spikes = 0.0, 0, 0.0, 0.0
        order = rng.permutation(len(images))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            spikes = bernoulli_spikes(jitter(images[batch], rng), steps, rng)
            # Straight-through: the gradient is taken at the rounded weights and applied to the exact ones.
            seen = rounded(params) if epoch >= ROUNDED_FROM * epochs else params
            loss, gradients, layer1, layer2 = loss_and_gradients(seen, spikes, labels[batch])
            optimiser.step(params, gradients, rate)
            keep_in_range(params)
            losses += loss * len(batch)
            hits += (layer2.spikes.sum(0).argmax(1) == labels[batch]).sum()
            hidden_spikes += layer1.spikes.sum()
            output_spikes += layer2.spikes.sum()
        if epoch % 10 == 9 or epoch == epochs - 1:
            n = len(images)
            print(
                f"epoch {epoch + 1:4d}  loss {losses / n:.4f}  train accuracy {hits / n:.4f}  spikes per sample: "
                f"hidden {hidden_spikes / n:.1f} ({hidden_spikes / n / hidden:.2f} each), "
                f"output {output_spikes / n:.1f}",
                flush=True,
            )
    return params


def judge(params, images, labels, steps):
    """Return the accuracy under each of NOISE_SEEDS, a list, and the mean spikes per sample of (hidden, output)."""
    accuracies, counts = [], []
    for seed in NOISE_SEEDS:
        hidden, output = forward(params, bernoulli_spikes(images, steps, np.random.default_rng(seed)))
        accuracies.append(float((output.spikes.sum(0).argmax(1) == labels).mean()))
        counts.append([hidden.spikes.sum() / len(images), output.spikes.sum() / len(images)])
    return accuracies, np.mean(counts, axis=0)


def report(params, split_name, images, labels, steps):
    """Print spikes and accuracies, one per noise seed, rounded and float; return the mean float accuracy."""
    for kind, used in (("8-bit", rounded(params)), ("float", params)):
        accuracies, (hidden, output) = judge(used, images, labels, steps)
        each = " ".join(f"{value:.4f}" for value in accuracies)
        print(
            f"{kind} weights, {split_name}: {hidden:.1f} hidden and {output:.1f} output spikes per sample; "
            f"accuracy per noise seed {each}, mean {np.mean(accuracies):.4f}"
        )
    return np.mean(accuracies)


def validate(images, labels, args):
    """Train on four fifths of the training split and report on the rest, for each fifth in turn."""
    folds = StratifiedKFold(5, shuffle=True, random_state=SPLIT_SEED).split(images, labels)
    means = []
    for number, (kept, held) in enumerate(folds, start=1):
        params = train(images[kept], labels[kept], args.hidden, args.steps, args.epochs, args.seed)
        means.append(report(params, f"fold {number}", images[held], labels[held], args.steps))
    print(f"float weights, mean over folds: {np.mean(means):.4f}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7, help="of the initial weights, batches and training noise")
    parser.add_argument("--hidden", type=int, default=128, help="hidden compartments")
    parser.add_argument("--steps", type=int, default=25, help="time steps of 1 ms per digit")
    parser.add_argument("--validate", action="store_true", help="cross-validate and write nothing")
    parser.add_argument("-o", "--output", type=Path, default=Path("programs/digits/weights.npz"))
    return parser.parse_args()


def main():
    """Cross-validate, or train, write the weights and report on the test split."""
    args = parse_arguments()
    training, test = load_split()
    if args.validate:
        validate(*training, args)
        return
    params = train(*training, args.hidden, args.steps, args.epochs, args.seed)
    float_accuracy = report(params, "test", *test, args.steps)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        args.output,
        **params,
        seed=args.seed,
        steps=args.steps,
        tau_syn=np.float32(TAU_SYN),
        tau_mem=np.float32(TAU_MEM),
        float_accuracy=np.float32(float_accuracy),
    )


if __name__ == "__main__":
    main()
