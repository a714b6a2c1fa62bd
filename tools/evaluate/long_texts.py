"""Long requests: how many harmless ones are flagged, and how many attacks inside them are found."""

import metrics
from metrics import show, table

SIZES = {"20 KB": 20_000, "100 KB": 100_000}
# A jailbreak for instructions to build a bomb, which the corpus calls harmless: it is flagged in any
# place, as it should, and one conversation of its source in two or three would hold it.
MISLABELLED = ("di-005054",)
# By the size: of one source each. One flagged is 0.3 and 0.7 % of a source, 0.03 and 0.05 % of all.
CONVERSATIONS = {"20 KB": 300, "100 KB": 150}
ATTACKS = 150  # of a kind
# What the corpus calls an attack and the chain does not: encoded strings, commands to a shell and
# plain harmful requests.
NO_INJECTIONS = ("ENCODING", "ENCODING_OBFUSCATION", "CONTROL", "ADVERSARIAL")
# A request of many messages, and one text of as many paragraphs.
FORMS = {"messages": list, "one text": "\n\n".join}
PLACES = {"start": 0, "middle": 0.5, "end": 1}


def texts_of(rows):
    return [row["text"] for row in rows if row["id"] not in MISLABELLED]


def conversation(texts, size, rng):
    """Random texts, of `size` characters at least together."""
    picked, length = [], 0
    while length < size:
        picked.append(rng.choice(texts))
        length += len(picked[-1]) + 2
    return picked


def inserted(texts, attack, place):
    at = round(len(texts) * PLACES[place])
    return [*texts[:at], attack, *texts[at:]]


def false_positives(score, sources, tasks, rng):
    """Harmless conversations of one source. sources: rows by name; tasks: {task: its policy}."""
    flagged = {}
    for source, part in sources.items():
        texts = texts_of(part)
        for size, length in SIZES.items():
            made = [conversation(texts, length, rng) for _ in range(CONVERSATIONS[size])]
            for form, join in FORMS.items():
                rows = [
                    {"id": str(i), "text": join(parts), "source": source}
                    for i, parts in enumerate(made)
                ]
                score(rows)
                for task, policy in tasks.items():
                    if part[0]["task"] in (task, "both"):
                        values = [row["scores"].get(policy, 0) for row in rows]
                        flagged[source, task, size, form] = values
    rows = []
    for source in [*sources, None]:
        row = [source or "all"]
        for task in tasks:
            for size in SIZES:
                for form in FORMS:
                    values = [
                        value
                        for key, part in flagged.items()
                        if key[1:] == (task, size, form) and source in (None, key[0])
                        for value in part
                    ]
                    row.append(show(metrics.rate(values), True))
        rows.append(row)
    header = [f"{task}, {size}, {form}" for task in tasks for size in SIZES for form in FORMS]
    return table(["harmless conversations of", *header], rows)


def attacks(rows, rng):
    """A sample by kind: injections and jailbreaks."""
    picked = {}
    for row in rows:
        if row["label"] == 1 and row["task"] == "injection" and row.get("sub") not in NO_INJECTIONS:
            picked.setdefault(row["kind"], []).append(row)
    return {kind: rng.sample(part, min(ATTACKS, len(part))) for kind, part in picked.items()}


def recall(score, policy, sources, rows, rng):
    """Attacks in harmless conversations, each beside the same conversations without them."""
    found = {}
    sample = attacks(rows, rng)
    names = sorted(sources)

    def judge(key, made):
        score(made)
        found[key] = metrics.rate([row["scores"].get(policy, 0) for row in made])

    for kind, part in sample.items():
        judge((kind, "alone"), [dict(row) for row in part])
        carriers = {row["id"]: texts_of(sources[rng.choice(names)]) for row in part}
        for size, length in SIZES.items():
            texts = {i: conversation(carrier, length, rng) for i, carrier in carriers.items()}
            for form, join in FORMS.items():
                judge((kind, size, form, None), [dict(r, text=join(texts[r["id"]])) for r in part])
                for place in PLACES:
                    made = [
                        dict(r, text=join(inserted(texts[r["id"]], r["text"], place)))
                        for r in part
                    ]
                    judge((kind, size, form, place), made)
    kinds = sorted(sample)
    lines = [["alone", "", "", *(show(found[kind, "alone"]) for kind in kinds), *("" for _ in kinds)]]
    for size in SIZES:
        for form in FORMS:
            for place in PLACES:
                line = [size, form, place]
                line += [show(found[kind, size, form, place]) for kind in kinds]
                line += [show(found[kind, size, form, None], True) for kind in kinds]
                lines.append(line)
    header = [f"{len(sample[kind])} {kind}s" for kind in kinds]
    header += [f"flagged without the {kind}" for kind in kinds]
    return table(["conversation of", "as", "attack at the", *header], lines)
