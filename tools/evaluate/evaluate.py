#!/usr/bin/env python3
"""evaluate.py KT CORPUS_DIR UNSEEN_DIR OUT.md all|prompts|spans: detection figures of the chain.

See scripts/evaluate. UNSEEN_DIR comes from kt_train: for each family of sources, weights that have
not seen it. "prompts" and "spans" measure their part of the page and leave the other as it is.
"""

import copy
import gzip
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import long_texts
import metrics
import spans
from disguise import DISGUISES
from metrics import show, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Where the two parts of the page begin.
PROMPTS, SPANS = "## Injection", "## Personal data: exact spans and types"
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
# Long texts: what is not asked is not run.
LONG_PACK = """
pack: {name: evaluation, version: 1.0.0, enabled: true}
policies: {chain: [prompt-injection, safety-filter]}
policy:
  prompt-injection: {action: log}
  safety-filter: {mode: strict, action: log}
providers: {targets: [{id: echo, provider: echo}]}
"""
DEFAULT_PACK = """
pack: {name: evaluation, version: 1.0.0, enabled: true}
policies: {chain: [pii-detector]}
providers: {targets: [{id: echo, provider: echo}]}
"""


def read(folder, name):
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Scanner:
    """kt policy scan, with the shipped weights or with others."""

    def __init__(self, kt, folder, pack=PACK):
        self.kt, self.folder = kt, pathlib.Path(folder)
        self.pack = self.folder / f"policy-config-{abs(hash(pack))}.yaml"
        self.pack.write_text(pack)

    def scan(self, texts, weights=None, rules=None):
        """Answers of the chain to {id: text, or the texts of one request}, with other weights or
        another directory of rules."""
        command = [self.kt, "policy", "scan", "--policy-config", str(self.pack)]
        if rules:
            command += ["--rules", str(rules)]
        if weights:
            rules = self.folder / weights.parent.name
            if not rules.exists():
                shutil.copytree(ROOT / "policies", rules)
                shutil.copy(weights, rules / "classifier.bin")
            command += ["--rules", str(rules)]
        member = {str: "text", list: "texts"}
        lines = "".join(
            json.dumps({"id": k, member[type(v)]: v}) + "\n" for k, v in texts.items()
        )
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

    def scored_by(self, scanner):
        """The same rows and weights with another scanner."""
        other = copy.copy(self)
        other.scanner = scanner
        return other

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


def long_texts_part(prompts, rng):
    good = dict(by_source([r for r in prompts.rows if r["label"] == 0]))
    scanner = prompts.scanner
    prompts = prompts.scored_by(Scanner(scanner.kt, scanner.folder, LONG_PACK))
    out = "### Attacks in long texts\n\n"
    out += long_texts.recall(prompts.score, SCORES["injection"], good, prompts.rows, rng)
    out += "### Harmless conversations\n\n"
    return out + long_texts.false_positives(prompts.score, good, SCORES, rng)


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


def prompt_parts(scanner, corpus, unseen):
    rng = random.Random(1)
    prompts = Prompts(scanner, corpus, unseen)
    parts = ["## Injection\n\n", task_figures(prompts, "injection")]
    parts += ["### Disguised\n\n", disguised(prompts, rng)]
    parts += ["## Safety\n\n", task_figures(prompts, "safety")]
    parts += ["## Long texts\n\n", long_texts_part(prompts, rng)]
    parts += ["## Over-defence, with the shipped weights\n\n", probes(scanner)]
    return "".join(parts)


def span_parts(scanner, corpus):
    rules = ROOT / "policies"

    def scan(texts, rules_dir=None):
        return scanner.scan(texts, rules=rules_dir)

    corpora = [(n, read(corpus, n)) for n in ("pii_synthetic", "pii_presidio", "pii_research")]
    parts = [SPANS, "\n\n", spans.personal_data(scan, corpora, rules)]
    parts += ["## Secrets\n\n"]
    parts += [spans.secrets(scan, read(corpus, "secrets"), rules, scanner.folder)]
    default = Scanner(scanner.kt, scanner.folder, DEFAULT_PACK)
    benign = [row for row in read(corpus, "benign") if "SA" not in row["license"]]
    parts += ["## Harmless items hit, with the default types\n\n"]
    parts += [spans.harmless_hits(default.scan, benign, random.Random(2))]
    return "".join(parts)


def main():
    kt, corpus, unseen, out, which = sys.argv[1], *map(pathlib.Path, sys.argv[2:5]), sys.argv[5]
    page = out.read_text() if out.exists() else ""
    old_prompts, _, old_spans = page[page.find(PROMPTS) :].partition(SPANS)
    with tempfile.TemporaryDirectory() as folder:
        scanner = Scanner(kt, folder)
        about = (pathlib.Path(__file__).parent / "about.md").read_text()
        prompts = old_prompts if which == "spans" else prompt_parts(scanner, corpus, unseen)
        found = SPANS + old_spans if which == "prompts" else span_parts(scanner, corpus)
    out.write_text((about + prompts + found).rstrip() + "\n")


if __name__ == "__main__":
    main()
