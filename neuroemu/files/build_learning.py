"""The learning rules of a program, and the probes of what they change; what is wrong with them is noted in the draft."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

import numpy as np

from .. import learnable
from ..chip import Chip
from ..errors import Problem, ProgramError
from ..learning import DIALECTS, Learning, Rule, Trace, parse
from ..learning.rule import TARGETS
from ..learning.settings import faults
from ..network import Network
from ..program import Input, SpikesInput, ValuesInput
from .draft import MOST, Draft
from .learning_schema import RuleSpec, SynapseProbeSpec
from .marked_yaml import Path_

TAGS = (-256, 255)
WINDOW = 60  # characters of a rule shown on either side of a mistake


def rules_of(draft: Draft) -> dict[str, Learning]:
    """The rules by name, those with mistakes left out."""
    found, wanted = {}, _wanted(draft)
    meant = {near for name in wanted - set(_written(draft)) for near in _near(name, _written(draft))}
    for name, given in draft.spec.learning.items():
        made = _rule(draft, name, given)
        if made is not None:
            found[name] = made
        if name not in wanted and name not in meant:
            draft.problem(
                ("learning", name),
                f"nothing learns by '{name}'",
                remedy=f"'learn: {name}' in a connection",
                at_key=True,
            )
    return found


def learning_of(draft: Draft, rules: dict[str, Learning], given: Any, at: Path_) -> Learning | None:
    """The learning of a connection, None where it has none or what is wrong was told.  at: of the connection."""
    if given.learn is None:
        return None
    if given.learn not in _written(draft):
        known = _written(draft)
        near = _near(given.learn, known)
        told = ", ".join(known) or "a name under 'learning', which is empty"
        draft.problem((*at, "learn"), f"there is no rule '{given.learn}'", told, f"'{near[0]}'" if near else "")
        return None
    if given.format is None:
        what = f"learns by '{given.learn}' and has float weights, whose scale follows the first ones: they could hardly grow"
        draft.problem((*at, "learn"), what, learnable.WEIGHTS)
    return rules.get(given.learn)


def check_learning(draft: Draft, network: Network, chip: Chip | None, inputs: dict[str, Input]) -> None:
    """Notes what of connections that learn does not go with their target, the chip and the inputs.  chip: None if not known."""
    rewards_told: set[str] = set()
    chip_told = False
    for projection in network.projections:
        if projection.learning is None:
            continue
        at = draft.paths[projection.name]
        if chip is not None:
            known = projection.target not in draft.stand_ins
            for problem in learnable.unfit(network, projection, chip, not chip_told, known):
                key: Path_ = (*at, "format", "message_bits") if "message_bits" in problem.what else (*at, "learn")
                draft.problem(key, problem.what, problem.allowed, problem.remedy)
            chip_told = True
        rule = _named(draft, at)
        reward = projection.learning.reward
        known = reward in inputs or (reward not in draft.spec.inputs and reward not in draft.salvaged.names)
        if rule not in rewards_told and known:
            for problem in learnable.reward_problems(projection, inputs):
                draft.problem(("learning", rule, "reward"), problem.what, problem.allowed, problem.remedy)
            if reward is not None:
                _check_series(draft, reward, inputs)
        rewards_told.add(rule)


def _check_series(draft: Draft, name: str, inputs: dict[str, Input]) -> None:
    """A reward of as many samples as there are steps was meant as one by step, unless other inputs have samples."""
    given, steps = inputs.get(name), draft.spec.run.steps
    if not isinstance(given, ValuesInput) or given.values.ndim != 2 or not len(given.values) == steps > 1:
        return
    others = [each for key, each in inputs.items() if key != name and not isinstance(each, SpikesInput)]
    if draft.spec.run.samples == "all" and not any(_samples(each) == steps for each in others):
        draft.problem(
            ("inputs", name, "values"),
            f"has {steps} samples of one value, and a sample has {steps} steps",
            f"[1][{steps}][1] for a value in each step: [samples][steps][channels]",
            f"'samples: {steps}' under 'run' if a sample for each value is meant",
        )


def _samples(given: Input) -> int | None:
    return len(given.values) if isinstance(given, ValuesInput) else None


def snapshots_of(draft: Draft, network: Network) -> dict[str, int]:
    """By connection, the steps between two looks at its synapses; 0 for none but the first and the last."""
    found: dict[str, int] = {}
    plastic = [projection.name for projection in network.projections if projection.learning is not None]
    names = {projection.name for projection in network.projections}
    for index, given in zip(draft.salvaged.probes, draft.spec.probes, strict=True):
        if not isinstance(given, SynapseProbeSpec):
            continue
        ((key, wanted),) = given.named().items()
        at = ("probes", index)
        if wanted not in plastic:
            if wanted in _meant_to_learn(draft):
                continue  # what is wrong with it has been said
            near = _near(wanted, plastic)
            what = "does not learn" if wanted in names else "is not there"
            told = ", ".join(plastic) or "a connection with 'learn', and there is none"
            draft.problem((*at, key), f"the connection '{wanted}' {what}", told, f"'{near[0]}'" if near else "")
            continue
        every = 0
        if given.every is not None:
            steps = _in_steps(draft, given.every)
            if not 1 <= steps <= MOST or steps % 1:
                draft.problem((*at, "every"), f"every {steps:g} steps", f"whole steps, 1..{MOST}")
                continue
            every = int(steps)
        if found.get(wanted) and every and found[wanted] != every:
            what = f"'{wanted}' is looked at every {found[wanted]} steps already"
            draft.problem((*at, "every"), what, "one number for its weights, tags and delays")
            continue
        found[wanted] = every or found.get(wanted, 0)
    return found


def _rule(draft: Draft, name: str, given: RuleSpec) -> Learning | None:
    at: Path_ = ("learning", name)
    before = len(draft.problems)
    rules: dict[str, Rule] = {}
    for target in TARGETS:
        key = f"d{target}"
        text = getattr(given, key)
        if text is not None:
            try:
                plain = "".join(c if c.isprintable() else " " for c in text)
                rules[key] = parse(target, plain, any_scale=DIALECTS[given.dialect].any_scale)
            except ProgramError as error:
                _note(draft, (*at, key), error.problems)
    traces = {}
    for label, written in given.traces.items():
        traces[label] = Trace(written.impulse, _in_steps(draft, written.tau))
    settings: dict[str, Any] = {
        "epoch": given.epoch,
        "third": given.third,
        "reward": given.reward,
        "shift": given.shift,
        "payload": given.payload,
        "dialect": DIALECTS[given.dialect],
    }
    together = faults(Learning((), {}, **settings))
    _note(draft, (*at, "dialect"), together)
    for label, trace in traces.items():
        told = [problem for problem in faults(Learning((), {label: trace}, **settings)) if problem not in together]
        _note(draft, (*at, "traces", label), told)
    alone = faults(Learning((), traces, **settings))
    for key, rule in rules.items():
        told = [problem for problem in faults(Learning((rule,), traces, **settings)) if problem not in alone]
        _note(draft, (*at, key), list(dict.fromkeys(told)))
    read = {factor.name for rule in rules.values() for product in rule.products for factor in product.factors}
    if (
        given.reward is not None
        and not read & {"r0", "r1"}
        and len(rules) == sum(getattr(given, f"d{t}") is not None for t in TARGETS)
    ):
        draft.problem((*at, "reward"), "the rule reads neither r0 nor r1", "a product with one of them", at_key=True)
    tag = _tag(draft, given.tag, (*at, "tag"))
    if len(draft.problems) > before:
        return None
    return Learning(tuple(rules.values()), traces, tag=tag, **settings)


def _tag(draft: Draft, given: Any, at: Path_) -> Any:
    tag = draft.array(given, at)
    if tag is None:
        return 0
    if tag.ndim not in (0, 2):
        draft.problem(at, f"has the shape {list(tag.shape)}", "one number, or [to][from]")
    odd = tag[(tag < TAGS[0]) | (tag > TAGS[1]) | (tag % 1 != 0)]
    if odd.size:
        draft.problem(at, f"holds {odd.flat[0]:g}", f"whole numbers {TAGS[0]}..{TAGS[1]}")
        return 0
    return tag.astype(np.int64) if tag.ndim else int(tag)


def _in_steps(draft: Draft, given: Any) -> float:
    return float(given[:-3]) / draft.step_ms if isinstance(given, str) else float(given)


def _note(draft: Draft, at: Path_, problems: Any) -> None:
    for problem in problems:
        assert isinstance(problem, Problem)
        head, *pointer = problem.what.split("\n")
        draft.problem(at, head, problem.allowed, problem.remedy)
        if pointer:  # the rule, and a caret under what is wrong with it
            draft.problems[-1] = replace(
                draft.problems[-1], what="\n".join([draft.problems[-1].what, *_window(*pointer)])
            )


def _window(text: str, caret: str) -> tuple[str, str]:
    """What of a long rule is around its caret."""
    at = caret.index("^")
    first = max(at - WINDOW, 0)
    return f"    {text[first : at + WINDOW].strip()}", f"    {' ' * (at - first - _blank(text[first:]))}^ here"


def _blank(text: str) -> int:
    return len(text) - len(text.lstrip())


def _near(name: str, known: list[str]) -> list[str]:
    return difflib.get_close_matches(name, known, n=1)


def _written(draft: Draft) -> list[str]:
    """Names of all rules of the file, those that were taken out included."""
    section = draft.document.data.get("learning")
    return [str(name) for name in section] if isinstance(section, dict) else []


def _wanted(draft: Draft) -> set[str]:
    """Names that connections of the file ask for, those that were taken out included."""
    network = draft.document.data.get("network")
    connections = network.get("connections") if isinstance(network, dict) else None
    asked = connections if isinstance(connections, list) else []
    return {str(each.get("learn")) for each in asked if isinstance(each, dict)}


def _meant_to_learn(draft: Draft) -> set[str]:
    """Names of the connections of the file that have 'learn', whatever became of them."""
    network = draft.document.data.get("network")
    connections = network.get("connections") if isinstance(network, dict) else None
    asked = [each for each in connections or [] if isinstance(each, dict) and each.get("learn") is not None]
    return {str(each.get("name") or f"{each.get('from')}->{each.get('to')}") for each in asked}


def _named(draft: Draft, at: Path_) -> str:
    """The rule that the connection at a path names."""
    return str(draft.document.data["network"]["connections"][at[-1]]["learn"])
