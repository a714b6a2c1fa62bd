"""Figures of what pii-detector finds: personal data, secrets, and hits on harmless items."""

import re
import shutil
import unicodedata
from collections import Counter

import harmless
import metrics
from metrics import Spans, show, table

# Names and places need a language model; the chain does not promise them.
WITHOUT_STRUCTURE = {"ADDRESS", "DATE_TIME", "LOCATION", "ORGANIZATION", "PERSON", "TITLE"}
# The rules of secrets.yaml that know a vendor's format, and the one that knows vendors' names.
VENDOR_FORMATS = ("model_providers cloud code_hosts payment messages operations "
                  "aws_secret_access_key facebook twitter").split()  # fmt: skip
VENDOR_NAMES = ["vendor_secret"]
CONTEXT = 40
HARMLESS_ITEMS = 30_000


def folded(text):
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain.lower() if not unicodedata.combining(c))


class BareNumbers:
    """National numbers that are left alone by design: digits only, and no name before them."""

    def __init__(self, rules):
        text = (rules / "pii-numbers.yaml").read_text()
        self.names = {}
        for part in re.split(r"(?m)^  - \{(?=type:)", text)[1:]:
            kind = re.match(r"type: (\w+)", part).group(1)
            names = re.search(r"names: \[(.*?)\]", part, re.S)
            words = names.group(1).split(",") if names else []
            self.names.setdefault(kind, []).extend(folded(word.strip()) for word in words)

    def has(self, text, entity):
        kind, begin, end = entity
        if kind not in self.names or not text[begin:end].isdigit():
            return False
        before = folded(text[max(0, begin - CONTEXT) : begin])
        return not any(name in before for name in self.names[kind])


def judged(row, answer):
    """What the corpus wants and what the chain found, of types with structure."""
    entities = [e for e in row["entities"] if e["type"] not in WITHOUT_STRUCTURE]
    focus = row.get("focus")
    found = [
        (e["type"], e["start"], e["end"])
        for e in answer.get("entities", [])
        if not focus or e["type"] in focus
    ]
    # A date of birth is a date to the corpus.
    either = [(e["start"], e["end"]) for e in entities if e.get("optional")]
    dates = [(e["start"], e["end"]) for e in row["entities"] if e["type"] == "DATE_TIME"]
    found = [
        f
        for f in found
        if not any(metrics.overlap(f[1:], o) for o in either)
        and not (f[0] == "DATE_OF_BIRTH" and f[1:] in dates)
    ]
    gold = [(e["type"], e["start"], e["end"]) for e in entities if not e.get("optional")]
    return gold, found


def entity_rows(scan, rows, name, bare, weak):
    """Two rows: all spans, and those without such numbers. Appends weak types to `weak`."""
    answers = scan({row["id"]: row["text"] for row in rows})
    spans, allowed, types = Spans(), Spans(), {}
    for row in rows:
        gold, found = judged(row, answers[row["id"]])
        spans.add(gold, found)
        reachable = [g for g in gold if g in found or not bare.has(row["text"], g)]
        allowed.add(reachable, found)
        for kind in {e[0] for e in gold + found}:
            part = types.setdefault(kind, (Spans(), Spans()))
            part[0].add([g for g in gold if g[0] == kind], [f for f in found if f[0] == kind])
            part[1].add([g for g in reachable if g[0] == kind], [])
    for kind, (part, reach) in sorted(types.items()):
        if part.gold and part.f1() < 0.95:
            weak.append([name, kind, part.gold, part.gold - reach.gold, show(part.precision()),
                         show(part.recall()), show(part.f1())])  # fmt: skip
    clean = spans.clean_hit / spans.clean if spans.clean else None
    return [name, len(rows), show(spans.precision()), show(spans.recall()), show(spans.f1()),
            spans.gold - allowed.gold, show(allowed.f1()),
            f"{spans.clean_hit} of {spans.clean} ({show(clean, True)})"]  # fmt: skip


def personal_data(scan, corpora, rules):
    bare, weak = BareNumbers(rules), []
    header = ["corpus", "rows", "precision", "recall", "F1", "bare numbers left alone",
              "F1 without them", "clean rows hit"]  # fmt: skip
    out = table(header, [entity_rows(scan, rows, name, bare, weak) for name, rows in corpora])
    if weak:
        header = ["corpus", "type", "spans", "bare numbers", "precision", "recall", "F1"]
        out += "Types below an F1 of 0.95:\n\n" + table(header, weak)
    return out


def without(rules, folder, names):
    """A copy of the rules that lacks those rules of secrets.yaml."""
    shutil.copytree(rules, folder)
    path = folder / "secrets.yaml"
    text = path.read_text()
    for name in names:
        text, count = re.subn(rf"(?m)^  - id: {name}\n(?:    .*\n)+", "", text)
        assert count == 1, name
    path.write_text(text)
    return folder


def secret_row(name, rows, answers):
    """A secret counts as found when what would be redacted covers nine tenths of it."""
    found = total = clean = clean_hit = 0
    for row in rows:
        spans = [(e["start"], e["end"]) for e in answers[row["id"]].get("entities", [])]
        if not row["entities"]:
            clean += 1
            clean_hit += bool(spans)
        covered = {i for s in spans for i in range(*s)}
        for gold in row["entities"]:
            wanted = range(gold["start"], gold["end"])
            total += 1
            found += sum(i in covered for i in wanted) >= 0.9 * len(wanted)
    return [name, f"{found} of {total}", show(found / total), f"{clean_hit} of {clean}"]


def secrets(scan, rows, rules, folder):
    texts = {row["id"]: row["text"] for row in rows}
    less = without(rules, folder / "without-formats", VENDOR_FORMATS)
    least = without(rules, folder / "without-names", VENDOR_FORMATS + VENDOR_NAMES)
    variants = [("all", None), ("without vendors' formats", less),
                ("without vendors' formats and names", least)]  # fmt: skip
    return table(
        ["rules", "secrets found", "recall", "texts without a secret hit"],
        [secret_row(name, rows, scan(texts, variant)) for name, variant in variants],
    )


def harmless_hits(scan, benign, rng):
    """Types of the default set only: what a pack does that names none."""
    made = harmless.items(rng, HARMLESS_ITEMS)
    made |= {f"benign/{row['id']}": ("harmless corpus", row["text"]) for row in benign}
    answers = scan({key: text for key, (_, text) in made.items()})
    groups = {}
    for key, (group, _) in made.items():
        groups.setdefault(group, []).append({e["type"] for e in answers[key].get("entities", [])})
    rows = []
    for group, hits in groups.items():
        types = Counter(kind for hit in hits for kind in hit).most_common(3)
        rate = sum(bool(hit) for hit in hits) / len(hits)
        rows.append([group, len(hits), f"{100 * rate:.3f} %",
                     ", ".join(f"{kind} {count}" for kind, count in types) or "–"])  # fmt: skip
    every = [hit for group, hits in groups.items() if group != "harmless corpus" for hit in hits]
    rate = sum(bool(hit) for hit in every) / len(every)
    rows.append(["all that is generated", len(every), f"{100 * rate:.3f} %", ""])
    return table(["harmless items", "items", "hit", "by type"], rows)
