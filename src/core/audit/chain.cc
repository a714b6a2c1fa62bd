#include "core/audit/chain.h"

#include <charconv>

namespace kt::audit {
namespace {

constexpr std::string_view kHashMember = ",\"hash\":\"";
constexpr json::Limits kLimits = {.max_depth = 16, .max_strings = 50'000, .max_values = 100'000};

Status Malformed(std::string_view what) {
  return Status::InvalidArgument("no line of an audit log: " + std::string(what));
}

}  // namespace

bool ChainBuilder::Add(std::string_view lineage, std::string_view members, ChainHead* head,
                       std::string* out) {
  const size_t begin = out->size();
  ((*out += "{\"seq\":") += std::to_string(head->seq + 1)) += ",\"lineage\":\"";
  (*out += lineage) += "\",";
  if (!members.empty()) (*out += members) += ',';
  ((*out += "\"prev\":\"") += head->hash) += '"';
  Hex32 hash = sha256_.Hex(std::string_view(*out).substr(begin));
  if (hash.empty()) {
    out->resize(begin);
    return false;
  }
  ((*out += kHashMember) += hash) += "\"}\n";
  head->hash = std::move(hash);
  ++head->seq;
  return true;
}

bool ChainBuilder::AddSigned(std::string_view lineage, std::string_view members,
                             const SigningKey& key, std::string_view context, ChainHead* head,
                             std::string* out) {
  const size_t begin = out->size();
  ChainHead next = *head;
  if (!Add(lineage, members, &next, out)) return false;
  const std::string signature = key.Sign(std::string(context) + next.hash);
  if (signature.empty()) {
    out->resize(begin);
    return false;
  }
  out->resize(out->size() - 2);  // brace and newline
  ((*out += ",\"signature\":\"") += signature) += "\"}\n";
  *head = std::move(next);
  return true;
}

uint64_t LineParser::Number(json::NodeIndex node) const {
  if (node == json::kNoNode || view_.node(node).kind != json::Kind::kNumber) return 0;
  const json::Node& n = view_.node(node);
  const std::string_view digits = view_.text().substr(n.begin, n.end - n.begin);
  uint64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return end.ec == std::errc() && end.ptr == digits.data() + digits.size() ? value : 0;
}

Result<Envelope> LineParser::Parse(std::string_view line, size_t padding) {
  if (line.size() >= kMaxLineBytes) return Malformed("too long");
  if (Status status = view_.Parse(line, padding, kLimits); !status.ok()) return status;
  if (view_.node(0).kind != json::Kind::kObject) return Malformed("no object");
  // The members that make the chain stand first and last, in this order, and nothing between them:
  // so the bytes that are hashed are the same for every reader.
  json::NodeIndex before_last[3] = {json::kNoNode, json::kNoNode, json::kNoNode};
  for (json::NodeIndex i = 1; i < view_.node(0).after; i = view_.node(i).after) {
    before_last[0] = before_last[1];
    before_last[1] = before_last[2];
    before_last[2] = i;
  }
  const bool is_signed =
      before_last[2] != json::kNoNode && view_.KeyEquals(before_last[2], "signature");
  const json::NodeIndex hash = before_last[is_signed ? 1 : 2];
  const json::NodeIndex prev = before_last[is_signed ? 0 : 1];
  const json::NodeIndex seq = view_.node(0).after > 1 ? 1 : json::kNoNode;
  if (hash == json::kNoNode || prev == json::kNoNode || !view_.KeyEquals(hash, "hash") ||
      !view_.KeyEquals(prev, "prev") || !view_.KeyEquals(seq, "seq")) {
    return Malformed("seq, prev or hash is not in its place");
  }
  const auto text = [&](json::NodeIndex i) {
    const json::Node& n = view_.node(i);
    if (n.kind != json::Kind::kString) return std::string_view();
    return view_.text().substr(n.begin + 1, n.end - n.begin - 2);
  };
  const json::NodeIndex lineage = view_.node(seq).after;
  Envelope envelope;
  envelope.seq = Number(seq);
  if (lineage < view_.node(0).after && view_.KeyEquals(lineage, "lineage")) {
    envelope.lineage = text(lineage);
  }
  envelope.prev = text(prev);
  envelope.hash = text(hash);
  if (is_signed) envelope.signature = text(before_last[2]);
  // view_.text() may be a padded copy: the result borrows the caller's bytes.
  const auto borrow = [&](std::string_view* part) {
    if (!part->empty()) {
      *part = line.substr(static_cast<size_t>(part->data() - view_.text().data()), part->size());
    }
  };
  for (auto* part : {&envelope.lineage, &envelope.prev, &envelope.hash, &envelope.signature}) {
    borrow(part);
  }
  envelope.hashed_bytes = line.rfind(kHashMember);
  const std::string end =
      is_signed ? "\",\"signature\":\"" + std::string(envelope.signature) + "\"}" : "\"}";
  const size_t hash_end = envelope.hashed_bytes + kHashMember.size() + 64;
  if (envelope.seq == 0 || !IsHex(envelope.lineage, 16) || !IsHex(envelope.prev, 64) ||
      !IsHex(envelope.hash, 64) || (is_signed && !IsHex(envelope.signature, 128)) ||
      envelope.hashed_bytes == std::string_view::npos || line.front() != '{' ||
      line.substr(std::min(hash_end, line.size())) != end) {
    return Malformed("a member of the chain has not its form");
  }
  return envelope;
}

}  // namespace kt::audit
