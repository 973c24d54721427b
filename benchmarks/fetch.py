"""Where the tables of the benchmarks come from, and how to lay them out.

::

    python -m benchmarks.fetch                        # every set: which are there, and its origin
    python -m benchmarks.fetch --sets walmart school  # with the files and the licences of two

None of the sets is shipped with the package, as most of their licences say nothing about copies.
The benchmarks read them below the folder named by the environment variable `SKMTL_DATA`: a folder
for each kind of set, with its loader (`load.py`, `funnel.py`) and a README on how each file was
made from its origin. Without the folder, benchmarks of tables run on the flights that the package
ships, those of generated data as they are, and the others name what they lack.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from benchmarks._data import ROOT

SOURCES = Path(__file__).with_name("sources.csv")


def sources(names: list[str] | None = None) -> pd.DataFrame:
    """The files that each set was made from, one in each row.

    Raises
    ------
    SystemExit
        If there is no set of a name.
    """
    table = pd.read_csv(SOURCES, dtype=object, keep_default_na=False)
    if names is None:
        return table
    unknown = sorted(set(names) - set(table["set"]))
    if unknown:
        raise SystemExit(f"There are no sets {unknown}. Those are {sorted(set(table['set']))}.")
    return table[table["set"].isin(names)]


def is_there(folder: str, name: str) -> bool:
    """Whether a set exists in the folder of the data, as a folder or as files."""
    return any((ROOT / folder).glob(f"{name}*"))


def address(source: pd.Series) -> str:
    """Return the address of a file, or of its repository if no file is recorded."""
    if not source["repository"]:
        return "no repository"
    parts = ["https://github.com", source["repository"]]
    if source["commit"]:
        parts += ["blob" if source["path"] else "tree", source["commit"], source["path"]]
    return "/".join(filter(None, parts))


def overview(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each set."""
    sets = table.drop_duplicates("set")
    found = [is_there(*pair) for pair in zip(sets["folder"], sets["set"], strict=True)]
    return sets[["folder", "set", "title", "repository"]].assign(found=found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", help="name files and licences of these")
    arguments = parser.parse_args()
    table = sources(arguments.sets)
    if arguments.sets is None:
        print(overview(table).to_string(index=False))
        return
    for (folder, name), files in table.groupby(["folder", "set"], sort=False):
        first = files.iloc[0]
        there = "there" if is_there(folder, name) else "not there"
        print(f"{name}: {first['title']}\n  {ROOT / folder} ({there})")
        print(f"  licence: {first['licence']}")
        for _, source in files.iterrows():
            print(f"  {address(source)}")


if __name__ == "__main__":
    main()
