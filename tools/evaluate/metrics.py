"""Figures of scores and of spans. A score counts as a hit from THRESHOLD on."""

import bisect

THRESHOLD = 0.8


def auc(positives, negatives):
    if not positives or not negatives:
        return None
    ordered = sorted(negatives)
    wins = sum(bisect.bisect_left(ordered, x) + bisect.bisect_right(ordered, x) for x in positives)
    return wins / 2 / len(positives) / len(ordered)


def average_precision(positives, negatives):
    """Area under precision over recall; equal scores count as one step."""
    if not positives:
        return None
    hits = {}
    for score in positives:
        hits.setdefault(score, [0, 0])[0] += 1
    for score in negatives:
        hits.setdefault(score, [0, 0])[1] += 1
    area = true = false = 0
    for score in sorted(hits, reverse=True):
        true += hits[score][0]
        false += hits[score][1]
        area += hits[score][0] * true / (true + false)
    return area / len(positives)


def rate(scores, threshold=THRESHOLD):
    return sum(x >= threshold for x in scores) / len(scores) if scores else None


def recall_at(positives, negatives, false_positives):
    """Recall at the lowest threshold that flags at most that share of negatives."""
    ordered = sorted(negatives, reverse=True)
    limit = ordered[int(false_positives * len(ordered))]
    return sum(x > limit for x in positives) / len(positives)


class Spans:
    """Precision and recall of typed spans, exact in type, begin and end."""

    def __init__(self):
        self.gold = self.found = self.exact = self.clean = self.clean_hit = 0

    def add(self, gold, predicted):
        gold, predicted = set(gold), set(predicted)
        self.gold += len(gold)
        self.found += len(predicted)
        self.exact += len(gold & predicted)
        if not gold:
            self.clean += 1
            self.clean_hit += bool(predicted)

    def precision(self):
        return self.exact / self.found if self.found else None

    def recall(self):
        return self.exact / self.gold if self.gold else None

    def f1(self):
        both = self.found + self.gold
        return 2 * self.exact / both if both else None


def overlap(a, b):
    return max(a[0], b[0]) < min(a[1], b[1])


def show(value, percent=False):
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if percent else f"{value:.3f}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines) + "\n"
