"""Estimate the share of mutants that the quick tests kill; CONTRIBUTING.md says how to run it.

Mutants are changes of a single operator, number or decorator, made by cosmic-ray. A random sample
of them is tested in a copy of the working tree, each by the tests of its package and then by those
of estimators that use it. Tests that fail kill the mutant. A mutant that exceeds the time limit
counts as killed as well: raise the limit on a busy machine, where all tests take long.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("tasks", "training", "boosting")
# Tests beside those of the package, by words in the names of modules. The first match counts.
ESTIMATORS = {
    "tasks/.*funnel": ["estimators/test_funnel.py"],
    "tasks/.*(composition|shares|scored_part)": ["estimators/test_composition.py"],
    "tasks/.*stratify": ["test_model_selection.py", "estimators/test_split.py", "reading"],
    "tasks/.*constant": ["estimators/test_constant_targets.py"],
    "tasks/.*(hazard|clock|curve|grid|risk|event|partial|survival)": [
        "survival", "linear", "estimators/test_survival.py", "estimators/test_event_tasks.py",
    ],
    "tasks/.*derived": ["timeseries/test_derived.py"],
    "tasks/.*residual": ["estimators/test_residual.py", "training"],
    "tasks": [
        "estimators/test_robust_losses.py", "estimators/test_label_types.py",
        "estimators/test_outputs.py", "estimators/test_label_weights.py",
        "estimators/test_binary_with_gaps.py", "estimators/test_rare_classes.py",
        "test_metrics_by_hand.py", "models",
    ],
    "training": [
        "balancing", "estimators/test_training.py", "estimators/test_residual.py",
        "estimators/test_widening.py", "models", "scaling",
    ],
    "boosting": [
        "estimators/test_rmtgb_outputs.py", "estimators/test_rmtgb_rows.py",
        "estimators/test_rmtgb_training.py", "estimators/test_rmtgb_outliers.py",
        "estimators/test_rmtgb_use.py", "estimators/test_weight_units.py",
        "estimators/test_rmtgb_categories.py", "estimators/test_raters.py",
        "estimators/test_missing_at_predict.py", "estimators/test_long.py",
        "estimators/test_convergence.py", "models",
    ],
}  # fmt: skip
# Tests of a package that take longest come last.
SLOW = ("test_register_kind", "test_imports", "test_adam", "test_transforms")
# Other replacements of arithmetic are nearly all type errors, and would flatter the share.
ARITHMETIC = r"Add_Sub|Sub_Add|Mul_Div|Div_Mul|Mul_Add|Pow_Mul|FloorDiv_Mul|BitAnd_BitOr"
OPERATORS = re.compile(
    rf"core/(NumberReplacer|AddNot|Replace(Unary|Comparison)\w+|Replace(True|False|Or|And|Break|"
    rf"Continue)\w+|ReplaceBinaryOperator_({ARITHMETIC})|ZeroIteration\w+|RemoveDecorator|"
    r"ExceptionReplacer)"
)


class Mutant(NamedTuple):
    path: str
    line: int
    operator: str
    arguments: dict
    occurrence: int


def all_mutants(root: Path) -> list[Mutant]:
    """Return all mutants of the packages, in a fixed order."""
    with tempfile.TemporaryDirectory() as folder:
        config, session = Path(folder, "mutants.toml"), Path(folder, "mutants.sqlite")
        paths = json.dumps([f"skmtl/{name}" for name in PACKAGES])
        config.write_text(
            f'[cosmic-ray]\nmodule-path = {paths}\ntimeout = 60\ntest-command = "true"\n'
            'excluded-modules = []\n[cosmic-ray.distributor]\nname = "local"\n'
        )
        command = [Path(sys.executable).with_name("cosmic-ray"), "init", config, session]
        subprocess.run(command, cwd=root, check=True)
        rows = sqlite3.connect(session).execute(
            "SELECT module_path, start_pos_row, operator_name, operator_args, occurrence "
            "FROM mutation_specs"
        )
        # The arguments are JSON within JSON.
        found = [Mutant(*row[:3], json.loads(json.loads(row[3])), row[4]) for row in rows]
    kept = [mutant for mutant in found if OPERATORS.fullmatch(mutant.operator)]
    return sorted(kept, key=lambda m: (*m[:3], json.dumps(m.arguments), m.occurrence))


def mutated(source: str, mutant: Mutant) -> str:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    operator = get_operator(mutant.operator)(**mutant.arguments)
    return mutate_code(source, operator, mutant.occurrence)


def relevant_tests(path: str) -> tuple[list[str], list[str]]:
    """Return the tests of the module's package, and those of estimators that use it."""
    words = next(words for words in ESTIMATORS if re.search(words, path))
    folder, module = Path(path).parent.name, Path(path).stem.lstrip("_")
    of_package = sorted(
        (Path(__file__).parent / folder).glob("test_*.py"),
        # Those of the module come first.
        key=lambda file: (
            file.stem in SLOW,
            not set(module.split("_")) & set(file.stem.split("_")),
        ),
    )
    return [f"tests/{folder}/{file.name}" for file in of_package], [
        f"tests/{name}" for name in ESTIMATORS[words]
    ]


def passes(copy: Path, tests: list[str], seconds: float) -> bool | None:
    """Whether tests pass in the copy; None if they take too long.

    The child inherits the imported libraries, which take longer to import than most tests.
    """
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        import pytest

        code = 1
        try:
            code = pytest.main(["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *tests])
        finally:
            os._exit(int(code))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=160, help="number of mutants to draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=900.0, help="limit of each run of tests")
    parser.add_argument(
        "--skip", type=int, default=0, help="drawn mutants that were tested before"
    )
    options = parser.parse_args()
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    sys.dont_write_bytecode = True
    import lightgbm  # noqa: F401
    import pandas  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import torch  # noqa: F401

    root = Path(__file__).parents[1]
    drawn = random.Random(options.seed).sample(all_mutants(root), options.n)[options.skip :]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        files = subprocess.run(
            ["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True
        )
        for name in files.stdout.splitlines():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy / name)
        for package in PACKAGES:
            assert passes(copy, [f"tests/{package}"], options.seconds), "Tests fail already."
        n_killed = 0
        for number, mutant in enumerate(drawn, 1):
            path = copy / mutant.path
            source = path.read_text()
            path.write_text(mutated(source, mutant))
            changed = path.read_text().splitlines()[mutant.line - 1].strip()
            outcome: bool | None = True
            for tests in relevant_tests(mutant.path):
                if outcome is True:
                    outcome = passes(copy, tests, options.seconds)
            path.write_text(source)
            n_killed += outcome is not True
            word = {True: "SURVIVED", False: "killed", None: "timed out"}[outcome]
            operator = mutant.operator.removeprefix("core/")
            where = f"{mutant.path}:{mutant.line} {operator} {mutant.occurrence}"
            print(f"{n_killed}/{number} {word} {where}: {changed}", flush=True)


if __name__ == "__main__":
    main()
