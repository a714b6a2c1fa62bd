#include "core/openai/roles.h"

#include <string_view>

namespace kt::openai {
namespace {

struct NamedRole {
  std::string_view name;
  Role role;
};

constexpr NamedRole kRoles[] = {
    {"user", Role::kUser},           {"assistant", Role::kAssistant}, {"system", Role::kSystem},
    {"developer", Role::kDeveloper}, {"tool", Role::kTool},           {"function", Role::kTool},
};

// Items that are not messages. What a tool gave back is a tool's text; what called it is the
// model's. A call that holds its result too is read as the result.
constexpr NamedRole kItemTypes[] = {
    {"function_call", Role::kAssistant},
    {"custom_tool_call", Role::kAssistant},
    {"reasoning", Role::kAssistant},
    {"compaction", Role::kAssistant},
    {"local_shell_call", Role::kAssistant},
    {"shell_call", Role::kAssistant},
    {"apply_patch_call", Role::kAssistant},
    {"computer_call", Role::kAssistant},
    {"image_generation_call", Role::kAssistant},
    {"mcp_approval_request", Role::kAssistant},
    {"mcp_list_tools", Role::kToolDefinition},
    {"function_call_output", Role::kTool},
    {"custom_tool_call_output", Role::kTool},
    {"computer_call_output", Role::kTool},
    {"local_shell_call_output", Role::kTool},
    {"shell_call_output", Role::kTool},
    {"apply_patch_call_output", Role::kTool},
    {"mcp_call", Role::kTool},
    {"web_search_call", Role::kTool},
    {"file_search_call", Role::kTool},
    {"code_interpreter_call", Role::kTool},
};

template <size_t n>
Role RoleOf(const json::View& view, json::NodeIndex value, const NamedRole (&table)[n]) {
  for (const NamedRole& row : table) {
    if (view.Equals(value, row.name)) return row.role;
  }
  return Role::kUser;
}

bool IsStrict(Role role) noexcept {
  return role == Role::kUser || role == Role::kTool;
}

}  // namespace

std::string_view RoleName(Role role) noexcept {
  switch (role) {
    case Role::kUser:
      return "user";
    case Role::kTool:
      return "tool";
    case Role::kAssistant:
      return "assistant";
    case Role::kSystem:
      return "system";
    case Role::kDeveloper:
      return "developer";
    case Role::kToolDefinition:
      return "tool_definition";
    case Role::kParameter:
      return "parameter";
  }
  return "user";
}

Role MessageRole(const json::View& view, json::NodeIndex message) {
  return RoleOf(view, view.Find(message, "role"), kRoles);
}

Role ItemRole(const json::View& view, json::NodeIndex item) {
  const json::NodeIndex type = view.Find(item, "type");
  const json::NodeIndex role = view.Find(item, "role");
  if (type == json::kNoNode || view.Equals(type, "message")) return RoleOf(view, role, kRoles);
  const Role by_type = RoleOf(view, type, kItemTypes);
  if (role == json::kNoNode || IsStrict(by_type)) return by_type;
  const Role by_role = RoleOf(view, role, kRoles);
  return IsStrict(by_role) ? by_role : by_type;
}

}  // namespace kt::openai
