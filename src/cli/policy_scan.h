// `kt policy scan`: runs a pack's chain over one's own texts, to tune thresholds and terms.
#pragma once

#include <span>

namespace kt::cli {

// JSON lines {id, text} from stdin; one line {id, scores, entities, verdict} each to stdout.
// 0: all judged; 1: some line was not; 2: wrong usage or configuration.
int PolicyScan(std::span<char*> arguments);

}  // namespace kt::cli
