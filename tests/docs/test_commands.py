"""The configurations on the pages can be fitted, and the commands on the pages run.

Commands of `skmtl` run in this process, on small tables. Those of other programs are checked as
far as this is possible without them.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from skmtl.cli import main
from tests.docs.pages import BLOCKS, PAGES, ROOT, Block, name_of
from tests.docs.tables import write_tables
from tests.small_models import bound_models

EXTRAS = set(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
)
# Programs that the pages may call, besides skmtl.
PROGRAMS = {
    ".ci/run", "cd", "codespell", "docker", "git", "mypy", "pip", "python", "ruff",
    "sphinx-build", "torchrun", "unzip",
}  # fmt: skip
DOCKERFILE = {"ARG", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN"}


def of_language(language: str):
    chosen = [block for block in BLOCKS if block.language == language]
    return pytest.mark.parametrize("block", chosen, ids=lambda block: block.name)


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The program and the arguments of every command."""
    for line in re.split(r"\n|&&", re.sub(r"\\\n|#.*", "", block.code)):
        words = shlex.split(line)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):  # variables
            words.pop(0)
        if words:
            program, *arguments = words
            yield program.removeprefix(".venv/bin/").replace("python3", "python"), arguments


def skmtl_commands(block: Block) -> Iterator[list[str]]:
    """The arguments of `skmtl`, which may be the entry point of a container."""
    for program, arguments in commands(block):
        if program == "skmtl":
            yield arguments
        elif program == "docker" and arguments[0] == "run":
            yield arguments[arguments.index("skmtl") + 1 :]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A folder with all tables, the configuration `flights.toml`, and its model."""
    folder = tmp_path_factory.mktemp("prepared")
    write_tables(folder)
    (folder / "flights.toml").write_text(
        next(block.code for block in BLOCKS if 'output = "flights.skmtl"' in block.code)
    )
    with pytest.MonkeyPatch.context() as patch:
        bound_models(patch.setattr)
        assert main(["fit", str(folder / "flights.toml")]) == 0
    return folder


@pytest.fixture
def folder(prepared, tmp_path, monkeypatch) -> Path:
    """A copy of the prepared folder, as the current one."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    bound_models(monkeypatch.setattr)
    return tmp_path


@pytest.mark.slow
@of_language("toml")
def test_a_configuration_can_be_fitted(block, folder, capsys):
    (folder / "page.toml").write_text(block.code)
    assert main(["fit", "page.toml"]) == 0, capsys.readouterr().err
    assert (folder / tomllib.loads(block.code)["output"]).exists()


@pytest.mark.slow
@of_language("bash")
def test_commands_of_skmtl_run(block, folder, capsys):
    for arguments in skmtl_commands(block):
        assert main(arguments) == 0, capsys.readouterr().err


def test_pages_show_every_command_of_skmtl():
    scripts = [block for block in BLOCKS if block.language == "bash"]
    shown = {arguments[0] for script in scripts for arguments in skmtl_commands(script)}
    assert shown == {"card", "fit", "inspect", "report", "score"}


@of_language("bash")
def test_other_programs_are_known_and_find_what_they_are_given(block):
    for program, arguments in commands(block):
        assert program in PROGRAMS | {"skmtl"}
        if program == "python":
            option, what, *_ = arguments
            assert find_spec(what) if option == "-m" else compile(what, block.name, "exec")
        for path in re.findall(r"\btests/[\w/.]+|constraints\.txt", " ".join(arguments)):
            assert (ROOT / path).exists()
        if program == "torchrun":
            run = pytest.importorskip("torch.distributed.run")
            run.get_args_parser().parse_args(arguments)


@of_language("dockerfile")
def test_an_image_is_made_by_instructions_of_docker(block):
    lines = re.sub(r"\\\n", "", block.code).splitlines()
    assert {line.split()[0] for line in lines} <= DOCKERFILE


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_extras_exist(page):
    named = re.findall(r"(?:\bskmtl|\"\.|/src)\[([\w,-]+)\]", page.read_text())
    assert {extra for each in named for extra in each.split(",")} <= EXTRAS


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_benchmarks_have_the_options_that_a_page_names(page):
    text = re.sub(r"\s+", " ", page.read_text())
    called = re.compile(r"python -m benchmarks\.(\w+)([^`]*?)(?=`|python -m)")
    for module, arguments in called.findall(text):
        files = [ROOT / f"benchmarks/{module}.py", ROOT / "benchmarks/_arguments.py"]
        files += (ROOT / "benchmarks" / f"_{module}").glob("*.py")
        source = "".join(path.read_text() for path in files)
        for option in re.findall(r"(?<!\S)--[\w-]+", arguments):
            assert f'"{option}"' in source, f"{module} {option}"


def test_options_that_the_page_of_the_command_names_exist(capsys):
    for command in ([], ["card"], ["fit"], ["inspect"], ["report"], ["score"]):
        assert main([*command, "--help"]) == 0
    known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    named = re.findall(r"(?<=`)--[\w-]+", (ROOT / "docs/cli.md").read_text())
    assert len(named) > 9
    assert set(named) <= known
