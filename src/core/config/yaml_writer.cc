#include "core/config/yaml_writer.h"

#include <charconv>

namespace kt::config {

namespace {

constexpr std::string_view kMasked = "(set)";

}  // namespace

void YamlWriter::Open(std::string_view key) {
  Line(std::string(key) + ":");
  ++depth_;
}

void YamlWriter::OpenItem() {
  begins_item_ = true;
  ++depth_;
}

void YamlWriter::Close() {
  --depth_;
}

void YamlWriter::Raw(std::string_view key, std::string_view value) {
  Line(std::string(key) + ": " + std::string(value));
}

void YamlWriter::Text(std::string_view key, std::string_view value) {
  Raw(key, Quoted(value));
}

void YamlWriter::TextIfAny(std::string_view key, std::string_view value) {
  if (!value.empty()) Text(key, value);
}

void YamlWriter::Bool(std::string_view key, bool value) {
  Raw(key, value ? "true" : "false");
}

void YamlWriter::Whole(std::string_view key, uint64_t value) {
  Raw(key, std::to_string(value));
}

void YamlWriter::Number(std::string_view key, double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  Raw(key, std::string_view(buffer, static_cast<size_t>(end.ptr - buffer)));
}

void YamlWriter::Texts(std::string_view key, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    if (!list.empty()) list += ", ";
    list += Quoted(value);
  }
  Raw(key, "[" + list + "]");
}

void YamlWriter::Secret(std::string_view key, const SecretRef& ref) {
  if (ref.empty()) return;
  Open(key);
  TextIfAny("env", ref.env);
  TextIfAny("file", ref.file);
  TextIfAny("store", ref.store);
  Close();
}

void YamlWriter::MaskedHeaders(std::string_view key,
                               const std::vector<std::pair<std::string, std::string>>& headers) {
  if (headers.empty()) return;
  Open(key);
  for (const auto& header : headers) Text(Quoted(header.first), kMasked);
  Close();
}

std::string YamlWriter::Quoted(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

void YamlWriter::Line(const std::string& text) {
  const size_t indent = depth_ * 2;
  if (begins_item_) {
    out_.append(indent - 2, ' ').append("- ");
  } else {
    out_.append(indent, ' ');
  }
  begins_item_ = false;
  out_ += text + "\n";
}

}  // namespace kt::config
