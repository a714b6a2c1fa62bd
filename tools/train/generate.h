// Rows from grammars (tools/train/grammar/*.txt), deterministic from a seed.
//
//   %% a comment
//   @list NAME                           alternatives follow, one a line
//   @rows NAME COUNT TASK LABEL [probe]  COUNT rows, each from one of the templates that follow;
//                                        TASK is injection, safety or both; `probe` rows are
//                                        only ever evaluated
// {name} stands for a random alternative of a list, \n for a line break, a line ~ for nothing.
// Lists are shared by all files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "rows.h"

namespace kt::train {

Result<std::vector<Row>> GenerateRows(const std::vector<std::string>& grammar_paths, uint64_t seed);

// Appends disguised copies of some harmless rows, for training only (row.generated), of the same
// family: a disguise alone must say nothing.
void AddDisguised(std::vector<Row>* rows, uint64_t seed);

}  // namespace kt::train
