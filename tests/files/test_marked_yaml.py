"""YAML with marks: what is read, where it stood, and that nothing a stranger writes gets further than a Problem."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from neuroemu.errors import ChipError, ProblemsError
from neuroemu.files import marked_yaml
from neuroemu.files.marked_yaml import dotted, parse, printable, read, value

TEXT = """\
a: 1
b:
  - x
  - {c: 2.5, d: [true, null]}
"""


def place(mark) -> tuple[int, int]:
    return mark.line, mark.column


def test_scalars_lists_and_mappings_come_out_plain():
    assert parse(TEXT, "f").data == {"a": 1, "b": ["x", {"c": 2.5, "d": [True, None]}]}


@pytest.mark.parametrize(
    "path, line_and_column",
    [
        ((), (1, 1)),
        (("a",), (1, 4)),
        (("b",), (3, 3)),
        (("b", 0), (3, 5)),
        (("b", 1, "c"), (4, 9)),
        (("b", 1, "d", 1), (4, 24)),
    ],
)
def test_a_value_is_marked_where_it_begins(path, line_and_column):
    assert place(parse(TEXT, "f").mark(path)) == line_and_column


@pytest.mark.parametrize("path, line_and_column", [(("a",), (1, 1)), (("b",), (2, 1)), (("b", 1, "d"), (4, 14))])
def test_a_key_is_marked_where_it_begins(path, line_and_column):
    assert place(parse(TEXT, "f").key_mark(path)) == line_and_column


def test_what_is_not_there_has_the_mark_of_what_is_above_it():
    assert place(parse(TEXT, "f").mark(("b", 1, "nonesuch", 5))) == (4, 5)


def test_an_alias_has_the_mark_of_its_anchor():
    document = parse("a: &x [1]\nb: *x\n", "f")
    assert document.data == {"a": [1], "b": [1]}
    assert place(document.mark(("b", 0))) == (1, 8)


def test_a_byte_order_mark_is_no_character(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert place(read(tmp_path / "f.yaml").key_mark(("a",))) == (1, 1)


@pytest.mark.parametrize(
    "text", ["2001-01-01", "2001-01-01 12:00:00", "1:30", "190:20:30.15", "1e3", "0o17", "=", "1" * 500]
)
def test_what_yaml_calls_a_date_a_sexagesimal_or_a_default_is_text(text):
    assert parse(f"a: {text}", "f").data == {"a": text}


@pytest.mark.parametrize(
    "text, number", [("017", 15), ("0x1F", 31), ("1_000", 1000), ("1.0e+3", 1000.0), ("-.inf", -float("inf"))]
)
def test_numbers_are_those_of_yaml_1_1(text, number):
    assert parse(f"a: {text}", "f").data == {"a": number}


def test_a_number_for_a_key_is_text():
    assert parse("{1: a, 2.5: b, 2001-01-01: c}", "f").data == {"1": "a", "2.5": "b", "2001-01-01": "c"}


def test_every_problem_of_a_file_is_reported_at_once_and_in_order():
    with pytest.raises(ProblemsError) as caught:
        parse("a: 1\non: 2\na: 3\nb: !!set {c}\n<<: {}\n", "f", ChipError)
    assert isinstance(caught.value, ChipError)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 5]


def test_a_value_alone_may_be_of_any_kind():
    assert [value(text, "f").data for text in ("[1, 2]", "x", "", "{a: 1}")] == [[1, 2], "x", None, {"a": 1}]


def test_a_dotted_path_reads_as_one_would_write_it():
    assert dotted(("network", "connections", 0, "from")) == "network.connections[0].from"


def test_a_message_is_one_line_without_control_characters():
    assert printable("a\nb\x1b[2J") == r"a\nb\x1b[2J"


def test_a_message_is_cut_where_it_becomes_long():
    assert len(printable("a" * 10**6)) == marked_yaml.MAX_SHOWN + 3


def test_a_problem_inside_of_a_part_names_the_whole_path():
    document = marked_yaml.Document("f", ("chip",))
    assert document.problem(("mesh",), "x").path == "chip.mesh"


# ---- any text, any bytes -------------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**300), 10**300)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
    | st.sampled_from(["on", "1:30", "2001-01-01", "1e3", "<<", "=", "~", "- a", "a: b", "#", "&a", "*a", "!!int 1"])
)
PRINTABLE = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" ")
KEYS = st.text(PRINTABLE, max_size=100) | st.sampled_from(["on", "<<", "1e3", "null"])
NESTED = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)
ALMOST_YAML = st.text(st.sampled_from(list("ab01 .-:[]{},\n\t'\"&*!|>%@#?<=~e\\\x00\x85\u2028é")), max_size=60)


@given(st.dictionaries(KEYS, NESTED), st.booleans())
def test_what_yaml_dumps_reads_back_equal(data, flow):
    assert parse(yaml.safe_dump(data, default_flow_style=flow), "f").data == data


@given(st.dictionaries(KEYS, NESTED))
def test_everything_has_a_mark_within_the_text(data):
    text = yaml.safe_dump(data)
    document = parse(text, "f")
    n_lines = len(text.splitlines())
    for mark in [*document.values.values(), *document.keys.values()]:
        assert 1 <= mark.line <= n_lines and mark.column >= 1


@given(st.text() | ALMOST_YAML)
def test_any_text_is_read_or_refused_with_problems(text):
    try:
        parse(text, "f")
    except ProblemsError as error:
        assert error.problems and all(problem.what for problem in error.problems)


@given(st.binary() | ALMOST_YAML.map(str.encode))
def test_any_bytes_are_read_or_refused_with_problems(tmp_path_factory, content):
    path: Path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    try:
        assert isinstance(read(path).data, dict)
    except ProblemsError as error:
        assert {problem.file for problem in error.problems} == {str(path)}


@pytest.mark.parametrize(
    "text", ["!!bool maybe", "!!int ''", "!!float ''", "!!null x", "!!timestamp x", "!!int _", "0b_", "0x_"]
)
def test_a_tag_that_does_not_fit_its_value_does_no_harm(text):
    assert set(parse(f"a: {text}", "f").data) == {"a"}
