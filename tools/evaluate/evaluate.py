#!/usr/bin/env python3
"""evaluate.py KT CORPUS_DIR UNSEEN_DIR OUT.md: detection figures of the chain. See scripts/evaluate.

UNSEEN_DIR comes from kt_train: for each family of sources, weights that have not seen it.
"""

import gzip
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import metrics
from disguise import DISGUISES
from metrics import Spans, show, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Names and places need a language model; the chain does not promise them.
WITHOUT_STRUCTURE = {"ADDRESS", "DATE_TIME", "LOCATION", "ORGANIZATION", "PERSON", "TITLE"}
SCORES = {"injection": "prompt-injection", "safety": "safety-filter"}
# Logged, not blocked: every policy's score is wanted.
PACK = """
pack: {name: evaluation, version: 1.0.0, enabled: true}
policies: {chain: [prompt-injection, safety-filter, pii-detector]}
policy:
  prompt-injection: {action: log}
  safety-filter: {mode: strict, action: log}
  pii-detector: {entities: all, include_private_ips: true}
providers: {targets: [{id: echo, provider: echo}]}
"""


def read(folder, name):
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Scanner:
    """kt policy scan, with the shipped weights or with others."""

    def __init__(self, kt, folder):
        self.kt, self.folder = kt, pathlib.Path(folder)
        self.pack = self.folder / "policy-config.yaml"
        self.pack.write_text(PACK)

    def scan(self, texts, weights=None):
        """Answers of the chain to {id: text}."""
        command = [self.kt, "policy", "scan", "--policy-config", str(self.pack)]
        if weights:
            rules = self.folder / weights.parent.name
            if not rules.exists():
                shutil.copytree(ROOT / "policies", rules)
                shutil.copy(weights, rules / "classifier.bin")
            command += ["--rules", str(rules)]
        lines = "".join(json.dumps({"id": k, "text": v}) + "\n" for k, v in texts.items())
        done = subprocess.run(
            command, input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        answers = {a["id"]: a for a in map(json.loads, done.stdout.decode().splitlines())}
        if done.returncode == 2 or len(answers) != len(texts):
            sys.exit(done.stderr.decode())
        return answers


class Prompts:
    """The prompt corpora, scored by a chain whose classifier has not seen the row's family."""

    def __init__(self, scanner, corpus, unseen):
        self.scanner, self.unseen = scanner, unseen
        lines = (unseen / "sources.tsv").read_text().splitlines()
        self.families = dict(line.split("\t") for line in lines)
        rows = [row for name in ("injection", "safety", "benign") for row in read(corpus, name)]
        self.rows = [row for row in rows if row["source"] in self.families]
        self.score(self.rows)

    def family(self, row):
        return self.families[row["source"]]

    def score(self, rows):
        """Sets row["scores"]."""
        for family in sorted({self.family(row) for row in rows}):
            part = {row["id"]: row for row in rows if self.family(row) == family}
            answers = self.scanner.scan(
                {key: row["text"] for key, row in part.items()},
                self.unseen / family / "classifier.bin",
            )
            for key, row in part.items():
                row["scores"] = answers[key].get("scores", {})

    def of(self, task, label, rows=None):
        rows = self.rows if rows is None else rows
        return [r for r in rows if r["task"] in (task, "both") and r["label"] == label]


def scores(rows, task):
    return [row["scores"].get(SCORES[task], 0) for row in rows]


def by_source(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row["source"], []).append(row)
    return sorted(groups.items())


def task_figures(prompts, task):
    bad, good = prompts.of(task, 1), prompts.of(task, 0)
    bad_scores, good_scores = scores(bad, task), scores(good, task)
    out = (
        f"AUC {show(metrics.auc(bad_scores, good_scores))}, "
        f"AUPRC {show(metrics.average_precision(bad_scores, good_scores))}; at 0.8: "
        f"recall {show(metrics.rate(bad_scores))}, "
        f"false positives {show(metrics.rate(good_scores), True)}; recall where 1 % of the "
        f"harmless texts are flagged: {show(metrics.recall_at(bad_scores, good_scores, 0.01))}.\n\n"
    )
    rows = []
    for source, part in by_source(bad):
        values = scores(part, task)
        rows.append(
            [source, len(part), show(metrics.auc(values, good_scores)), show(metrics.rate(values))]
        )
    out += table(["unseen source", "rows", "AUC against all harmless", "recall at 0.8"], rows)
    rows = [
        [source, len(part), show(metrics.rate(scores(part, task)), True)]
        for source, part in by_source(good)
    ]
    return out + table(["unseen source, harmless", "rows", "false positives at 0.8"], rows)


def conversations(prompts, rng):
    """Harmless messages of one source joined into one text."""
    sizes = {"20 KB": (20_000, 30), "100 KB": (100_000, 10)}
    flagged = {}
    for source, part in by_source([r for r in prompts.rows if r["label"] == 0]):
        tasks = [task for task in SCORES if part[0]["task"] in (task, "both")]
        texts = [row["text"] for row in part]
        for name, (size, count) in sizes.items():
            made = []
            for i in range(count):
                text = ""
                while len(text) < size:
                    text += rng.choice(texts) + "\n\n"
                made.append({"id": str(i), "text": text, "source": source})
            prompts.score(made)
            for task in tasks:
                flagged.setdefault((source, task, name), []).extend(scores(made, task))
    rows = []
    for source in sorted({key[0] for key in flagged}) + [None]:
        row = [source or "all"]
        for task in SCORES:
            for name in sizes:
                values = [
                    value
                    for key, part in flagged.items()
                    if key[1:] == (task, name) and source in (None, key[0])
                    for value in part
                ]
                row.append(show(metrics.rate(values), True))
        rows.append(row)
    header = [f"{task}, {name}" for task in SCORES for name in sizes]
    return table(["harmless conversations of", *header], rows)


def disguised(prompts, rng):
    """Attacks and harmless texts of unseen sources in the same disguise."""
    plain = [r for r in prompts.rows if r["task"] != "safety" and r["text"].isascii()]
    bad = [r for r in plain if r["label"] == 1]
    good = [r for r in plain if r["label"] == 0]
    picked = rng.sample(bad, 300) + rng.sample(good, 600)
    rows, all_bad, all_good = [], [], []
    for name, disguise in DISGUISES.items():
        made = [dict(row, text=disguise(row["text"][:1500])) for row in picked]
        prompts.score(made)
        attacks = scores(prompts.of("injection", 1, made), "injection")
        harmless = scores(prompts.of("injection", 0, made), "injection")
        all_bad += attacks
        all_good += harmless
        rows.append(
            [name, show(metrics.auc(attacks, harmless)), show(metrics.rate(attacks)),
             show(metrics.rate(harmless), True)]
        )  # fmt: skip
    rows.append(
        ["all", show(metrics.auc(all_bad, all_good)), show(metrics.rate(all_bad)),
         show(metrics.rate(all_good), True)]
    )  # fmt: skip
    return table(["disguise", "AUC", "recall at 0.8", "false positives at 0.8"], rows)


def probes(scanner):
    """Harmless texts full of trigger words: lines of `@rows … probe` of the grammars."""
    rows = []
    for path in sorted((ROOT / "tools/train/grammar").glob("*.txt")):
        name, task = None, None
        found = {}
        for line in path.read_text().splitlines():
            if line.startswith("@"):
                words = line.split()
                name = words[1] if words[-1] == "probe" else None
                task = words[3] if name else None
            elif name and line and not line.startswith("%%"):
                found.setdefault((name, task), []).append(line.replace("\\n", "\n"))
        for (name, task), lines in found.items():
            answers = scanner.scan({str(i): text for i, text in enumerate(lines)})
            values = [a["scores"].get(SCORES[task], 0) for a in answers.values()]
            rows.append([name, len(lines), show(1 - metrics.rate(values), True)])
    return table(["probes", "rows", "pass"], rows)


def entity_row(scanner, corpus, name, weak):
    """Appends the types below 0.95 to `weak`."""
    rows = read(corpus, name)
    for row in rows:
        row["entities"] = [e for e in row["entities"] if e["type"] not in WITHOUT_STRUCTURE]
    answers = scanner.scan({row["id"]: row["text"] for row in rows})
    spans, types = Spans(), {}
    for row in rows:
        focus = row.get("focus")
        found = [
            (e["type"], e["start"], e["end"])
            for e in answers[row["id"]].get("entities", [])
            if not focus or e["type"] in focus
        ]
        optional = [(e["start"], e["end"]) for e in row["entities"] if e.get("optional")]
        found = [f for f in found if not any(metrics.overlap(f[1:], o) for o in optional)]
        gold = [
            (e["type"], e["start"], e["end"]) for e in row["entities"] if not e.get("optional")
        ]
        spans.add(gold, found)
        for kind in {e[0] for e in gold + found}:
            part = [[e for e in side if e[0] == kind] for side in (gold, found)]
            types.setdefault(kind, Spans()).add(*part)
    for kind, part in sorted(types.items()):
        if part.gold and part.f1() < 0.95:
            row = [name, kind, part.gold, show(part.precision()), show(part.recall())]
            weak.append([*row, show(part.f1())])
    clean = spans.clean_hit / spans.clean if spans.clean else None
    return [name, len(rows), show(spans.precision()), show(spans.recall()), show(spans.f1()),
            f"{spans.clean_hit} of {spans.clean} ({show(clean, True)})"]  # fmt: skip


def secrets(scanner, corpus):
    """A secret counts as found when what would be redacted covers nine tenths of it."""
    rows = read(corpus, "secrets")
    answers = scanner.scan({row["id"]: row["text"] for row in rows})
    found = total = clean = clean_hit = 0
    for row in rows:
        spans = [(e["start"], e["end"]) for e in answers[row["id"]].get("entities", [])]
        if not row["entities"]:
            clean += 1
            clean_hit += bool(spans)
        for gold in row["entities"]:
            covered = {i for s in spans for i in range(*s)}
            wanted = range(gold["start"], gold["end"])
            total += 1
            found += sum(i in covered for i in wanted) >= 0.9 * len(wanted)
    return (
        f"{found} of {total} secrets found (recall {show(found / total)}); "
        f"{clean_hit} of {clean} texts without a secret hit.\n\n"
    )


def main():
    kt, corpus, unseen, out = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        scanner = Scanner(kt, folder)
        prompts = Prompts(scanner, corpus, unseen)
        parts = [(pathlib.Path(__file__).parent / "about.md").read_text()]
        parts += ["## Injection\n\n", task_figures(prompts, "injection")]
        parts += ["### Disguised\n\n", disguised(prompts, rng)]
        parts += ["## Safety\n\n", task_figures(prompts, "safety")]
        parts += ["## Long harmless texts\n\n", conversations(prompts, rng)]
        parts += ["## Over-defence, with the shipped weights\n\n", probes(scanner)]
        names = ("pii_synthetic", "pii_presidio", "pii_research")
        header = ["corpus", "rows", "precision", "recall", "F1", "clean rows hit"]
        parts += ["## Personal data: exact spans and types\n\n"]
        weak = []
        parts += [table(header, [entity_row(scanner, corpus, name, weak) for name in names])]
        parts += ["Types below an F1 of 0.95:\n\n" if weak else ""]
        header = ["corpus", "type", "spans", "precision", "recall", "F1"]
        parts += [table(header, weak) if weak else ""]
        parts += ["## Secrets\n\n", secrets(scanner, corpus)]
    out.write_text("".join(parts).rstrip() + "\n")


if __name__ == "__main__":
    main()
