// Several files as one: maps merge key by key, lists and scalars replace. Every node keeps the mark
// of the file that it came from.
#pragma once

#include "core/config/yaml_tree.h"

namespace kt::config {

// `over` wins. A key without a value over a map adds nothing, as an empty map would: an overlay
// that names a section and leaves it empty must not remove the policies in it.
void Merge(YamlNode over, YamlNode* base);

}  // namespace kt::config
