"""Changes the contents of models' files at random, and lets the models predict. Started by tests.

Checksums are made to suit, so that whatever is between a forged content and a crash has to notice.
Prints what was refused, what predicts, and what fails in any other way.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import skmtl
from skmtl.files import ModelFileError
from tests.files.cases import CASES

SECONDS = 20  # no file may take longer
METHODS = ("predict", "predict_proba", "predict_quantiles", "predict_median_time", "predict_rmst")
VALUES = (
    None, True, 0, -1, 1, 2, 7, 10**6, 10**9, 10**12, -(10**9), 0.5, 1e308, "", "x", [], {}, [1],
    ["a"], {"a": 1}, {"$": "float", "value": "nan"}, {"$": "float", "value": "inf"},
    {"$": "tuple", "values": []}, {"$": "missing", "name": "NA"},
    {"$": "range_index", "span": [0, 10**13, 1], "name": None},
)  # fmt: skip
WORDS = (b"0", b"-1", b"1", b"9", b"2000000000", b"-2000000000", b"nan", b"1e999", b"", b"x", b"=")


def places(node, path=()):
    """The paths to all values of a JSON document."""
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))
        else:
            yield (*path, key)


def forged_json(document, rng):
    document = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2))):
        paths = list(places(document))
        path = rng.choice(paths)
        parent = at(document, path[:-1])
        change = rng.randrange(4)
        if change == 0:
            del parent[path[-1]]
        elif change == 1 and type(parent[path[-1]]) in (int, float):
            parent[path[-1]] += rng.choice((1, -1, 1000))
        elif change == 2:
            parent[path[-1]] = copy.deepcopy(at(document, rng.choice(paths)))
        else:
            parent[path[-1]] = copy.deepcopy(rng.choice(VALUES))
    return document


def at(node, path):
    for key in path:
        node = node[key]
    return node


def forged_text(data, rng):
    """LightGBM's text with another word, fewer or more bytes."""
    start = rng.randrange(len(data))
    stop = min(start + rng.choice((1, 1, 4, 40, 400)), len(data))
    change = rng.randrange(4)
    if change == 0:
        return data[:start] + data[stop:]
    if change == 1:
        return data[:start] + data[start:stop] * 2 + data[stop:]
    ends = [data.find(end, start) for end in (b" ", b"\n", b"=")]
    stop = min((end for end in ends if end >= 0), default=len(data))
    return data[:start] + rng.choice(WORDS) + data[stop:]


def forged_bytes(data, rng):
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 8))):
        changed[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(changed)


def forged_sections(sections, rng):
    """One of the sections changed, with checksums that suit it."""
    header, state = (json.loads(sections[name]) for name in ("header.json", "state.json"))
    name = rng.choice([*sections, "state.json"])
    changed = dict(sections)
    if name == "boosters.txt":
        changed[name] = forged_text(sections[name], rng)
    elif name == "arrays.npy":
        changed[name] = forged_bytes(sections[name], rng)
    else:
        document = forged_json({"parameters": header["parameters"], "state": state}, rng)
        header["parameters"] = document.get("parameters")
        changed["state.json"] = json.dumps(document.get("state")).encode()
    for section in header["sections"]:
        data = changed[section]
        header["sections"][section] = {
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    return changed | {"header.json": json.dumps(header).encode()}


def outcome(path, X):
    """Return what happens to a file: "refused", "predicts" or an error."""
    started = time.process_time()
    try:
        model = skmtl.load(path)
    except ModelFileError:
        said = "refused"
    else:
        try:
            for method in METHODS:
                if hasattr(model, method):
                    getattr(model, method)(X)
            model.predict(X[:1])
            said = "predicts"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
    return said if time.process_time() - started < SECONDS else "slow"


def main(names, n_edits, seed):
    rng, outcomes = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        whole, forged = Path(folder) / "model.skmtl", Path(folder) / "forged.skmtl"
        for name in names:
            model, X = CASES[name]()
            model.save(whole)
            with zipfile.ZipFile(whole) as archive:
                sections = {section: archive.read(section) for section in archive.namelist()}
            for _ in range(n_edits):
                with zipfile.ZipFile(forged, "w") as archive:
                    for section, data in forged_sections(sections, rng).items():
                        archive.writestr(section, data)
                outcomes[outcome(forged, X)] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(sys.argv[3:], int(sys.argv[1]), int(sys.argv[2]))
