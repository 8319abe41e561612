"""What --vary takes, and what comes out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.errors import ProgramError
from neuroemu.files import marked_yaml
from neuroemu.sweep.axes import Listed, Ranged, grid_problems, in_order, of_option, of_value, override


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("a=1,2,4", (1, 2, 4)),
        ("a=1", (1,)),
        ("a.b=1 pJ, 2 pJ", ("1 pJ", "2 pJ")),
        ("a=[1, 2],[3, 4]", ([1, 2], [3, 4])),
        ("a=true,null,x", (True, None, "x")),
        ("a=1,1,1.0", (1, 1.0)),
        ("a='x,y',z", ("x,y", "z")),
        ("a=../one.json,../two.json", ("../one.json", "../two.json")),
    ],
)
def test_a_list_holds_what_yaml_can_write_once_each(option, values):
    _, axis = of_option(option)
    assert isinstance(axis, Listed) and axis.values == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1..4", (1, 2, 3, 4)),
        ("-1..1", (-1, 0, 1)),
        ("7..7", (7,)),
        ("0..10:3", (0, 5, 10)),
        ("1..1000:log:4", (1, 10, 100, 1000)),
        ("1.0..2.0:3", (1.0, 1.5, 2.0)),
        ("0.1..0.4:log:3", (0.1, 0.2, 0.4)),
        ("1 pJ..100 pJ:log:3", ("1 pJ", "10 pJ", "100 pJ")),
        ("1..3 ms:2", ("1 ms", "3 ms")),
        ("1..3:9", (1, 2, 3)),
        ("0.00001 pJ..0.00002 pJ:2", ("0.00001 pJ", "0.00002 pJ")),
    ],
)
def test_a_range_in_a_grid(text, values):
    assert (
        of_option(f"key={text}")[1].all() == pytest.approx(values)
        if all(isinstance(v, float) for v in values)
        else of_option(f"key={text}")[1].all() == values
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("a", "not of the form"),
        ("=1", "not of the form"),
        ("a..b=1", "not of the form"),
        ("a b=1", "not of the form"),
        ("a=", "there is no value"),
        ("a=5..1", "the range is empty"),
        ("a=0..1:log", "begins above 0"),
        ("a=1 pJ..2 nJ", "one end is in pJ, the other in nJ"),
        ("a=1..2:0", "0 points"),
        ("a=1e300..1e999", "too large"),
        ("a=[1", "not YAML"),
        ("a=!!python/object:os.system x", "not supported"),
    ],
)
def test_what_is_no_axis_is_told(option, said):
    with pytest.raises(ProgramError, match=said):
        of_option(option)


@pytest.mark.parametrize("value", [3, None, "x", {"from": 1}, "1.."])
def test_a_sweep_file_gives_a_list_or_a_range(value):
    with pytest.raises(ProgramError, match="neither a list nor a range"):
        of_value(value, "here")


def test_a_grid_must_know_how_many_values_to_take():
    problems = grid_problems({"a": of_option("a=0.5..2")[1], "b": of_option("b=1..5000")[1]})
    assert [problem.path for problem in problems] == ["a", "b"]
    big = {key: of_option(f"{key}=1..1000")[1] for key in "abc"}
    assert "1,000,000,000 points" in grid_problems(big)[0].what


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 50), st.integers(0, 100), st.booleans())
def test_a_draw_lies_within_its_range(share, low, more, log):
    whole = Ranged(low, low + more, "", True, log)
    assert low <= whole.at(share) <= low + more and isinstance(whole.at(share), int)
    real = Ranged(low / 7, (low + more) / 7, "", False, log)
    assert low / 7 <= real.at(share) <= (low + more) / 7


def test_every_whole_number_is_as_likely():
    assert [Ranged(1, 4, "", True).at(share) for share in (0, 0.24, 0.26, 0.74, 0.76, 0.999)] == [1, 1, 2, 3, 4, 4]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85"), max_size=30),
    st.lists(st.integers(0, 9), max_size=3),
)


@given(VALUES)
def test_yaml_reads_back_what_an_override_says(value):
    text = override("key", value).partition("=")[2]
    found = marked_yaml.value(text, "").data
    assert type(found) is type(value) and found == value


def test_what_stands_above_is_laid_first():
    assert in_order(["chip.mesh.width", "seed", "chip"]) == ["seed", "chip", "chip.mesh.width"]
