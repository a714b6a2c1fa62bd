#include <cstdio>

#include "cli/audit_common.h"

namespace kt::cli {
namespace {

struct Page {
  std::string_view command, text;
};

constexpr Page kPages[] = {
    {"verify", R"(NAME
  kt audit verify - check that an audit log is the one that was written

SYNOPSIS
  kt audit verify DIR [--public-key FILE] [--head HEAD] [--since TIME] [--at TIME]
                  [--allow-lineage] [--allow-clock-back] [--json]

DESCRIPTION
  Reads all segments of the log in DIR, each record's hash, the chain they form, and the signatures
  from the root key on. Names the first bad record: file, line, number and kind:

    edited       bytes were changed, also with hashes computed anew
    deleted      records or segments are missing
    inserted     a line that is none of the log's, or a copy
    reordered    records or segments stand in another order
    truncated    the end is missing, of a segment or of the log
    spliced      from another log or lineage
    rolled back  does not hold the head that was remembered
    clock back   the writer's clock went back by more than 5 seconds
    re-signed    signed by another key than the one named before, such as a later one
    new lineage  the signing keys were lost, and the root key began anew

  Something else in a file's place (a link, a FIFO) and other keys in epoch.key count as edited.

  "gaps" counts what the gateway itself says it could not record (immutable: false, a damaged ring).
  A log that is being written is whole; records behind the last signature are "not yet sealed".
  A log whose writer did not say that it stopped, and that got no checkpoint for three intervals
  and a minute, counts as truncated. docs/audit-format.md says what cannot be detected.

OPTIONS
  --public-key FILE   the root key you trust (kt audit keygen wrote it): proves the origin; without
                      it a log is "consistent, origin not proven"
  --head HEAD         "head to remember" of an earlier run: shows whether the log was rolled back
  --since TIME        read only segments that reach behind this UTC time or date; of those before,
                      only the headers
  --at TIME           judge a copy as of the time when it was made
  --allow-lineage     accept new lineages, which are still listed, and segments with a damaged
                      header that the root key has left out, of which nothing counts
  --allow-clock-back  accept a clock that went back
  --json              one object: directory, whole, finding {kind, file, line, seq, message},
                      segments, records, bytes, first_seq, last_seq, gaps, dropped,
                      not_yet_sealed, stopped, origin_proven, root_key, head, lineages[], notes[]

EXIT STATUS
  0 whole; 1 broken; 2 nothing could be judged, or wrong usage.

EXAMPLE
  kt audit verify /var/lib/keeptrusts/audit --public-key audit.key.pub --head $(cat last-head)
)"},
    {"tail", R"(NAME
  kt audit tail - print records as they are written

SYNOPSIS
  kt audit tail DIR [--lines N] [--no-follow] [--all]

DESCRIPTION
  Prints the last records of the log in DIR and then each new one, across segments, one JSON object
  a line. Judges nothing; records that are not yet confirmed may appear twice after a failed write
  (the same `origin`).

OPTIONS
  --lines N    begin with that many of the last records; default 10
  --no-follow  end then
  --all        also the lines that the log writes itself: headers, checkpoints, pruning

EXIT STATUS
  0; 2 when the log cannot be read, or for wrong usage.

EXAMPLE
  kt audit tail /var/lib/keeptrusts/audit --lines 1 --no-follow
)"},
    {"stats", R"(NAME
  kt audit stats - verdicts, tokens and cost by day, pack and target

SYNOPSIS
  kt audit stats DIR [--since TIME] [--until TIME] [--json]

DESCRIPTION
  Sums the records of the log in DIR. Judges nothing: run kt audit verify first.

OPTIONS
  --since TIME, --until TIME  records from this UTC time or date on, and before that one
  --json                      one object a line: day, pack, target, records, allowed, redacted,
                              blocked, escalated, error, other, prompt_tokens, completion_tokens,
                              cached_tokens, cost_usd

EXIT STATUS
  0; 1 some lines could not be read; 2 the log cannot be read, or wrong usage.

EXAMPLE
  kt audit stats /var/lib/keeptrusts/audit --since 2026-01-01
)"},
    {"export", R"(NAME
  kt audit export - copy records as CSV or JSON Lines

SYNOPSIS
  kt audit export DIR [--format csv|jsonl] [--since TIME] [--until TIME]

DESCRIPTION
  Writes the records of the log in DIR to stdout, without the lines that the log writes itself.
  jsonl: each line as it is in the log. csv (RFC 4180): one row a record, its lists left out; a text
  that a spreadsheet would take for a formula gets an apostrophe in front.

OPTIONS
  --format csv|jsonl          default jsonl
  --since TIME, --until TIME  records from this UTC time or date on, and before that one

EXIT STATUS
  0; 1 some lines could not be read, or stdout not written; 2 the log cannot be read, or wrong
  usage.

EXAMPLE
  kt audit export /var/lib/keeptrusts/audit --format csv --since 2026-01-01 --until 2026-02-01
)"},
    {"keygen", R"(NAME
  kt audit keygen - make the root key of audit logs

SYNOPSIS
  kt audit keygen FILE

DESCRIPTION
  Writes a new Ed25519 private key to FILE (PEM, 0600), and the public key to FILE.pub. Neither may
  exist. The private key signs the beginning of each lineage of a log: the gateway reads it when it
  starts (keeptrusts_audit_key). The public key is for auditors: keep it where nobody who can write
  the log can change it.

EXIT STATUS
  0; 1 a file could not be written; 2 wrong usage.

EXAMPLE
  kt audit keygen /etc/keeptrusts/audit.key
)"},
};

}  // namespace

int PrintAuditHelp(std::string_view command) {
  for (const Page& page : kPages) {
    if (page.command == command) std::fwrite(page.text.data(), 1, page.text.size(), stdout);
  }
  return 0;
}

}  // namespace kt::cli
