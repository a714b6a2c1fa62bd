#!/usr/bin/env python3
"""Prints the rows of a corpus folder for kt_train, one a line: source, task, label, kind, sub, text.

Rows whose licence asks for share-alike are left out.
"""

import gzip
import json
import pathlib
import sys


def escape(text):
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def main():
    for name in ("injection", "safety", "benign"):
        path = pathlib.Path(sys.argv[1]) / f"{name}.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if "CC BY-SA" in row["license"]:
                    continue
                fields = [row["source"], row["task"], str(row["label"]), row["kind"]]
                fields += [str(row.get("sub", "")), row["text"]]
                print("\t".join(escape(field) for field in fields))


if __name__ == "__main__":
    main()
