#pragma once

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "cexpr/node.hpp"

namespace cexpr::yaml::detail {

/// Takes the events of yaml-cpp one by one and builds the tree. It keeps its own stack, and every
/// limit holds before memory is spent.
class Composer : public YAML::EventHandler {
 public:
  Composer(const std::string& text, const std::string& file);

  bool has_root() const { return documents_ > 0; }
  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { close(); }

  [[noreturn]] void refuse(int line, int column, const std::string& message) const;
  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) const;

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::size_t size = 1;
  };
  struct Anchored {
    Node node;
    std::size_t size = 0;
  };

  Node place(Node::Kind kind, const YAML::Mark& mark) const;
  void open(Node::Kind kind, const char* own_tag, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor);
  void close();
  void put(Node node, std::size_t size, std::size_t added, YAML::anchor_t anchor);
  /// Bytes of the text from the mark to the end of its line.
  std::string line_from(const YAML::Mark& mark) const;

  const std::string& text_;
  const std::string& file_;
  std::vector<std::size_t> line_starts_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  Node root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

}  // namespace cexpr::yaml::detail
