// The policies of one pack, in order, over one matcher.
//
// Immutable and shared. A request takes part through ChainRun, which remembers what each policy
// said in each phase; the session turns that into the answer and the audit record.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/detect/matcher.h"
#include "core/policy/policy.h"
#include "core/policy/reading.h"
#include "core/policy/verdict_cache.h"

namespace kt::policy {

enum class Verdict : uint8_t {
  kAllowed,
  kFlagged,
  kRedacted,
  kBlocked,
  kEscalated,
  kFailedOpen,
  kError
};
std::string_view VerdictName(Verdict verdict) noexcept;  // "allowed", …

// ANDed; an absent field always holds.
struct Condition {
  std::string path_prefix;
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case name, exact value
  std::vector<std::string> models;                           // one of; empty: any
  bool empty() const { return path_prefix.empty() && headers.empty() && models.empty(); }
};

// What `when` conditions look at. The header lookup returns nullopt for an absent header.
class RequestFacts {
 public:
  virtual ~RequestFacts() = default;
  virtual std::string_view path() const = 0;
  virtual std::string_view model() const = 0;
  virtual bool HeaderEquals(std::string_view lower_name, std::string_view value) const = 0;
};

struct ChainEntry {
  std::unique_ptr<const Policy> policy;
  Condition when;
  bool input = true, output = true;             // `stage`; in a chain: whether it runs there
  bool buffered = false;                        // `streaming_mode: buffered`
  detect::RuleId first_rule = 0, end_rule = 0;  // its rules in the matcher: [first, end)
};

struct ChainBuffers;  // chain_buffers.h
struct JudgedText;

enum class FailMode : uint8_t { kBlock, kAllow };

// How findings act: `enforce off` turns every block and edit into a flag.
struct RunOptions {
  FailMode fail_mode = FailMode::kBlock;
  bool enforce = true;
  // Of this process; null: every text is judged. `caller`: all by which clients are told apart.
  // Both outlive the run.
  VerdictCache* cache = nullptr;
  std::string_view caller = {};
  ChainBuffers* buffers = nullptr;  // of this thread, outlives the run; null: its own
};

struct PolicyOutcome {
  std::string_view kind;
  Phase phase = Phase::kInput;
  Verdict verdict = Verdict::kAllowed;
  std::string reason_code;
  double score = -1;
  uint64_t latency_ns = 0;  // the matcher's share is with the first policy that ran
};

// A merged edit of one text: spans do not overlap and are in order.
struct TextEdit {
  size_t begin, end;
  std::string replacement;
  std::string_view type;
  bool restorable = false;  // see Finding
  // Of a match that goes on in the next texts of its group: what of it stands there. Its edits in
  // those only remove.
  std::string rest = {};
  bool continues = false;
  size_t shown = 0;  // see Finding
};

struct Block {
  std::string_view kind;  // the policy
  std::string reason_code;
  std::string_view message;
  bool escalate = false;
  size_t text_index = 0;      // which of the texts
  size_t begin = 0, end = 0;  // the span in it; equal: the text as a whole
};

class Chain {
 public:
  // `classifier` may be null: then no policy gets its scores.
  Chain(std::vector<ChainEntry> entries, std::unique_ptr<const detect::Matcher> matcher,
        std::unique_ptr<const detect::Classifier> classifier = nullptr);

  const detect::Matcher& matcher() const noexcept { return *matcher_; }
  const detect::Classifier* classifier() const noexcept { return classifier_.get(); }
  std::span<const ChainEntry> entries() const noexcept { return entries_; }
  // Tells the chains of a process, and of those that were forked from it, apart.
  uint64_t id() const noexcept { return id_; }

 private:
  const uint64_t id_;
  std::vector<ChainEntry> entries_;
  std::unique_ptr<const detect::Matcher> matcher_;
  std::unique_ptr<const detect::Classifier> classifier_;
};

// One request's run through a chain. Not thread-safe; lives as long as the request.
class ChainRun {
 public:
  ChainRun(const Chain& chain, RunOptions options);
  ~ChainRun();

  // Decides which entries take part, by their `when`. Before the first Judge.
  void Select(const RequestFacts& facts);

  // Judges texts in chain order: the first block ends it. edits[i] belongs to texts[i]; empty when
  // blocked. Returns the block, if any. Matcher or policy failures: per fail mode a block with
  // reason `<kind>.failed` or a recorded kFailedOpen.
  // Findings in identifiers that are not replaceable become blocks (`<kind>.in_identifier`):
  // `replaceable[i]` says so for texts[i]; replacements there must be made charset-safe by the
  // caller.
  struct Text {
    TextUnit unit;
    bool replaceable = true;
    uint64_t group = 0;   // texts of equal group, not 0, are judged joined too (joined.h)
    bool joined = false;  // made of several, or a piece of one: no score
    bool counted = true;  // its edits count as redactions, see CountRedactions
    openai::Saying saying = 0;
  };
  std::optional<Block> Judge(Phase phase, std::span<const Text> texts,
                             std::vector<std::vector<TextEdit>>* edits);

  // Streams. Judges `text` from offset `from` on (bytes before are context that was judged).
  // `final`: nothing follows. Sets *cleared: everything before it may go out, edited by *edits
  // (whose spans lie in [from, *cleared)); the rest must be shown again, with what follows, and
  // with at least kStreamContextBytes (reading.h) of what comes before it.
  // A block: nothing more may go out (*cleared == from).
  // Precondition: !needs_whole_answer().
  // `scorer`: where the classifier's windows of this text are kept from call to call, made when a
  // policy wants them; null: the text is no prose.
  // `count_as`: the edits count as redactions, of that saying.
  std::optional<Block> JudgeDelta(std::string_view text, size_t from, bool final, openai::Role role,
                                  size_t* cleared, std::vector<TextEdit>* edits,
                                  std::unique_ptr<detect::WindowScorer>* scorer = nullptr,
                                  std::optional<openai::Saying> count_as = 0);
  // Edits that were given and not counted count as redactions from now on. Of an answer that is
  // said several times each value counts once: of its sayings (not 0) the one in which most is
  // found.
  void CountRedactions(std::span<const TextEdit> edits, openai::Saying saying);
  // Some selected policy of the output phase wants the whole answer.
  bool needs_whole_answer() const noexcept;
  bool has_output_phase() const noexcept { return RunsIn(Phase::kOutput); }
  bool RunsIn(Phase phase) const noexcept;  // some entry is active

  // What was said so far, one entry for each (policy, phase) that ran, in chain order.
  std::span<const PolicyOutcome> outcomes() const noexcept { return outcomes_; }
  // Redactions by type, both phases.
  struct Count {
    std::string_view type;
    uint64_t count = 0;
    std::array<uint64_t, openai::kSayings> said = {};  // of it, by saying
  };
  std::span<const Count> redactions() const noexcept { return redactions_; }
  // Why a text could not be judged, the first that could not: a rule and what about it, never of
  // the text. Empty: all could.
  const std::string& failure() const noexcept { return failure_; }
  // How many texts were known to pass and not judged again.
  uint32_t cached_texts() const noexcept { return cached_texts_; }

 private:
  static constexpr size_t kNotRun = static_cast<size_t>(-1);

  static uint64_t NowNs() noexcept;
  bool Active(const ChainEntry& entry, Phase phase) const noexcept;
  size_t FirstActive(Phase phase) const noexcept;  // precondition: some entry is
  bool NeedSomethingFound(Phase phase) const noexcept;
  PolicyOutcome& OutcomeOf(size_t entry, Phase phase);
  // Runs one policy over the texts; merges its edits; the block, if it says so.
  std::optional<Block> RunEntry(size_t entry, Phase phase, std::span<const Text> texts,
                                std::span<JudgedText> read,
                                std::vector<std::vector<TextEdit>>* edits);
  std::span<const Text> WithJoined(std::span<const Text> texts);
  std::optional<Block> RunEntries(Phase phase, std::span<const Text> texts,
                                  std::span<JudgedText> read,
                                  std::vector<std::vector<TextEdit>>* edits);
  std::optional<Block> Apply(const ChainEntry& entry, const Text& text, size_t text_index,
                             Finding&& finding, PolicyOutcome* outcome,
                             std::vector<TextEdit>* added) const;
  std::optional<Block> Failed(const ChainEntry& entry, size_t text_index, PolicyOutcome* outcome);
  // Precondition: some entry takes part in the output phase. nullopt when nothing is enforced.
  std::optional<Block> HoldLimit();
  std::optional<Block> Refuse(size_t entry, Phase phase, std::string_view why);
  std::span<const detect::Match> MatchesOf(const ChainEntry& entry, const Reading& reading);
  bool WantsScores(const TextUnit& unit) const noexcept;
  // True: the text is known to pass.
  bool LookUp(const Text& text, Phase phase, bool scored, JudgedText* out);
  bool Recall(const Text& text, JudgedText* out);
  void NoteEvaluation(size_t entry, const Status& status, const Evaluation& evaluation,
                      JudgedText* text) const;
  void Remember(std::span<const JudgedText> read);
  void NoteFailure(const Status& status, JudgedText* out);
  void ReadText(const Text& text, Phase phase, JudgedText* out);

  const Chain& chain_;
  RunOptions options_;
  const std::unique_ptr<ChainBuffers> own_buffers_;  // where the options name none
  ChainBuffers& buffers_;
  std::vector<bool> selected_;
  std::vector<PolicyOutcome> outcomes_;
  std::vector<size_t> outcome_index_;  // by phase and entry
  std::vector<Count> redactions_;
  std::string failure_;
  uint32_t cached_texts_ = 0;
  uint32_t windows_ = 0;      // of the request, judged by the classifier
  uint64_t matching_ns_ = 0;  // of the present call, until a policy takes it over
  uint64_t last_ns_ = 0;      // where the time of the next policy begins
};

}  // namespace kt::policy
