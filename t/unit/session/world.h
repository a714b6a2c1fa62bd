// A gateway with the state that its requests share, in memory of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/routing/board.h"
#include "life.h"

namespace kt::session {

struct alignas(64) Line {
  unsigned char bytes[64];
};

class World {
 public:
  explicit World(const std::string& yaml)
      : gateway_(MakeGateway(yaml)),
        board_(gateway_->config().providers, gateway_->targets(), ""),
        memory_(routing::StateTable::BytesFor(board_.needs()) / sizeof(Line) + 1) {
    auto table =
        routing::StateTable::Create(memory_.data(), routing::StateTable::BytesFor(board_.needs()));
    table.BeginGeneration();
    EXPECT_TRUE(board_.Attach(table).ok());
  }
  const Gateway& gateway() const { return *gateway_; }
  routing::Board& board() { return board_; }
  SessionOptions options() {
    SessionOptions options;
    options.board = &board_;
    return options;
  }

 private:
  std::unique_ptr<const Gateway> gateway_;
  routing::Board board_;
  std::vector<Line> memory_;
};

}  // namespace kt::session
