"""The library: names and paths of the chips and programs that come along."""

from __future__ import annotations

import os

import pytest

from neuroemu import library
from neuroemu.errors import ChipError, ProblemsError


def test_the_names_are_those_of_the_files():
    assert {"loihi1-davies2018", "truenorth", "generic-14nm"} <= set(library.names("chips"))
    assert {"digits", "quickstart"} <= set(library.names("programs"))


@pytest.mark.parametrize("name", ["quickstart", "quickstart.yaml", "programs/quickstart", "programs/quickstart.yaml"])
def test_a_program_is_found_by_name_from_any_folder(name, in_empty_folder):
    assert library.find("programs", name) == library.folder("programs") / "quickstart.yaml"


@pytest.mark.parametrize("name", ["quickstart", "seeds/correlation"])
def test_a_file_of_the_library_has_the_name_that_finds_it(name):
    assert library.name_of("programs", library.find("programs", name)) == name


def test_other_files_have_no_name_of_the_library(tmp_path):
    assert (
        library.name_of("programs", tmp_path / "quickstart.yaml")
        == library.name_of("programs", "quickstart.yaml")
        == ""
    )


@pytest.mark.parametrize("name", ["../programs/quickstart", "seeds/../quickstart"])
def test_a_way_out_of_the_library_is_no_name_of_it(name):
    with pytest.raises(ProblemsError, match="no file and no program"):
        library.find("programs", name)


@pytest.mark.parametrize("name", ["./quickstart", "seeds//correlation"])
def test_a_name_may_be_written_as_a_path(name):
    assert library.find("programs", name).samefile(library.folder("programs") / f"{name}.yaml")


def test_a_file_comes_before_a_name_of_the_library(in_empty_folder):
    (in_empty_folder / "quickstart.yaml").touch()
    assert library.find("programs", "quickstart.yaml").resolve() == in_empty_folder / "quickstart.yaml"


def test_a_file_beside_comes_before_one_here(in_empty_folder):
    (in_empty_folder / "beside").mkdir()
    for folder in (in_empty_folder, in_empty_folder / "beside"):
        (folder / "mine.yaml").touch()
    assert library.find("chips", "mine.yaml", in_empty_folder / "beside").parent.name == "beside"


def test_a_folder_does_not_hide_a_program_of_its_name(in_empty_folder):
    (in_empty_folder / "digits").mkdir()
    assert library.find("programs", "digits") == library.folder("programs") / "digits.yaml"


def test_a_name_with_another_folder_is_not_looked_up(in_empty_folder):
    with pytest.raises(ProblemsError):
        library.find("programs", "mine/quickstart.yaml")


def test_an_unknown_name_is_told_the_nearest_and_all_others():
    with pytest.raises(ChipError) as caught:
        library.find("chips", "loihi1-davis2018", error=ChipError)
    (problem,) = caught.value.problems
    assert problem.remedy == "'loihi1-davies2018'"
    assert all(name in problem.allowed for name in library.names("chips"))


@pytest.mark.parametrize("name", ["", ".", "/", "a" * 10_000, "a\0b", "a\nb", "\ud800"])
def test_a_name_that_no_file_can_have_is_refused_like_any_other(name, in_empty_folder):
    with pytest.raises(ProblemsError) as caught:
        library.find("programs", name)
    assert len(str(caught.value)) < 500


def test_a_pipe_is_refused_before_anyone_opens_it(in_empty_folder):
    os.mkfifo("pipe.yaml")
    with pytest.raises(ProblemsError, match="not a regular file"):
        library.find("programs", "pipe.yaml")
