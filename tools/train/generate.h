// Rows from grammars (tools/train/grammar/*.txt), deterministic from a seed. Each section, and each
// row that is disguised, has random numbers of its own: what is added elsewhere changes no other
// row.
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

// `draws` times each section; probes once.
Result<std::vector<Row>> GenerateRows(const std::vector<std::string>& grammar_paths, uint64_t seed,
                                      int draws);

// Appends disguised copies of some harmless rows, for training only (row.generated), of the same
// family: a disguise alone must say nothing. Other rows in each draw.
void AddDisguised(std::vector<Row>* rows, uint64_t seed, int draws);

}  // namespace kt::train
