#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "kernels/pick.hpp"
#include "kernels/rules_table.hpp"
#include "rule_files.hpp"
#include "rules/program/scalar_ops.hpp"
#include "timeline/leader.hpp"

namespace {

using cexpr::kernels::kColumnStep;
using cexpr::kernels::RulesTable;
using cexpr::rules::detail::kElementWiseOps;
using cexpr::rules::detail::Op;

const RulesTable& active() { return cexpr::kernels::pick<RulesTable>(); }

std::vector<float> awkward_values() {
  const float infinity = std::numeric_limits<float>::infinity();
  return {0.0F,   -0.0F, 1.0F,   -1.0F,    0.5F,      0.25F,
          2.0F,   -2.0F, 1e-30F, 1e30F,    3.0F,      -0.5F,
          1e-45F, 0.1F,  100.0F, infinity, -infinity, std::numeric_limits<float>::quiet_NaN()};
}

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

}  // namespace

CEXPR_TEST(every_operation_agrees_with_its_definition) {
  const std::vector<float> values = awkward_values();
  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
  for (const float x : values) {
    for (const float y : values) {
      for (const float z : {0.0F, 1.0F, values.back()}) {
        a.push_back(x);
        b.push_back(y);
        c.push_back(z);
      }
    }
  }
  while (a.size() % kColumnStep != 0) {
    a.push_back(0.3F);
    b.push_back(0.6F);
    c.push_back(0.9F);
  }
  std::vector<float> out(a.size());
  for (std::size_t op = 0; op < kElementWiseOps; ++op) {
    active().operations[op](out.data(), a.data(), b.data(), c.data(), a.size());
    int wrong = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      wrong +=
          same(out[i], cexpr::rules::detail::apply(static_cast<Op>(op), a[i], b[i], c[i])) ? 0 : 1;
    }
    if (wrong != 0) {
      std::cerr << "operation " << op << '\n';
    }
    CHECK(wrong == 0);
  }
}

CEXPR_TEST(an_operation_may_write_over_its_operands) {
  std::vector<float> a(kColumnStep, 3.0F);
  const std::vector<float> b(kColumnStep, 2.0F);
  const auto add = active().operations[static_cast<std::size_t>(Op::add)];
  add(a.data(), a.data(), b.data(), b.data(), kColumnStep);
  CHECK_NEAR(a.front(), 5, 0);
  CHECK_NEAR(a.back(), 5, 0);
}

CEXPR_TEST(columns_are_gathered_whatever_the_shape) {
  std::mt19937 generator(1);
  for (std::size_t width = 1; width <= 24; ++width) {
    for (const std::size_t padding : {0U, 3U}) {
      for (const std::size_t rows : {1U, 7U, 8U, 9U, 31U}) {
        const std::size_t stride = width + padding;
        std::vector<float> matrix((rows - 1) * stride + width);
        for (std::size_t i = 0; i < matrix.size(); ++i) {
          matrix[i] = static_cast<float>(i);
        }
        std::vector<std::uint32_t> columns;
        for (std::uint32_t k = 0; k < width; ++k) {
          if (generator() % 3 != 0) {
            columns.push_back(k);
          }
        }
        std::vector<std::vector<float>> out(columns.size(), std::vector<float>(32, -1.0F));
        std::vector<float*> targets;
        for (std::vector<float>& column : out) {
          targets.push_back(column.data());
        }
        active().gather(matrix.data(), stride, width, rows, columns.data(), columns.size(),
                        targets.data());
        int wrong = 0;
        for (std::size_t k = 0; k < columns.size(); ++k) {
          for (std::size_t i = 0; i < rows; ++i) {
            wrong += out[k][i] == matrix[i * stride + columns[k]] ? 0 : 1;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

CEXPR_TEST(columns_are_scattered_and_nothing_else_is_touched) {
  for (std::size_t count = 1; count <= 24; ++count) {
    for (const std::size_t padding : {0U, 2U}) {
      for (const std::size_t rows : {1U, 7U, 8U, 9U, 16U, 31U}) {
        const std::size_t stride = count + padding;
        std::vector<std::vector<float>> columns(count, std::vector<float>(32));
        std::vector<const float*> sources;
        for (std::size_t k = 0; k < count; ++k) {
          for (std::size_t i = 0; i < 32; ++i) {
            columns[k][i] = static_cast<float>(100 * k + i);
          }
          sources.push_back(columns[k].data());
        }
        // Exactly as long as the last row needs, so that a sanitizer sees a write beyond.
        std::vector<float> matrix((rows - 1) * stride + count, -1.0F);
        active().scatter(sources.data(), count, rows, matrix.data(), stride);
        int wrong = 0;
        for (std::size_t i = 0; i < matrix.size(); ++i) {
          const std::size_t k = i % stride;
          const float expected = k < count ? static_cast<float>(100 * k + i / stride) : -1.0F;
          wrong += matrix[i] == expected ? 0 : 1;
        }
        CHECK(wrong == 0);
      }
    }
  }
}

CEXPR_TEST(labels_are_those_of_the_definition) {
  std::mt19937 generator(3);
  const std::vector<float> values = awkward_values();
  for (const std::size_t count : {1U, 2U, 7U, 20U}) {
    constexpr std::size_t kRows = 256;
    std::vector<std::vector<float>> columns(count, std::vector<float>(kRows));
    std::vector<const float*> sources;
    std::vector<float> weight(count);
    std::vector<float> bias(count);
    for (std::size_t k = 0; k < count; ++k) {
      for (float& value : columns[k]) {
        value = values[generator() % values.size()];
      }
      sources.push_back(columns[k].data());
      weight[k] = 0.5F + static_cast<float>(k % 3);
      bias[k] = 0.1F * static_cast<float>(k % 4);
    }
    for (const float least : {-std::numeric_limits<float>::infinity(), 0.0F, 0.5F}) {
      for (const bool is_adjusted : {false, true}) {
        std::vector<std::int32_t> labels(kRows);
        std::vector<std::int32_t> expected(kRows);
        const float* w = is_adjusted ? weight.data() : nullptr;
        active().choose(sources.data(), count, w, bias.data(), least, kRows, labels.data());
        RulesTable::scalar.choose(sources.data(), count, w, bias.data(), least, kRows,
                                  expected.data());
        CHECK(labels == expected);
        // Adjusted scores may round otherwise here, where the compiler may contract.
        for (std::size_t i = 0; i < kRows && !is_adjusted; ++i) {
          cexpr::detail::Leader leader;
          for (std::size_t k = 0; k < count; ++k) {
            leader.offer(static_cast<std::int32_t>(k), columns[k][i], columns[k][i]);
          }
          CHECK(labels[i] == leader.winner(least));
        }
      }
    }
  }
}

CEXPR_TEST(one_pass_gives_the_scores_and_labels_of_two) {
  using cexpr::test::text;
  const cexpr::RuleSet rules = cexpr::RuleSet::compile(cexpr::test::file(
      {{"A", text("fear")}, {"B", text("mean(fear, anger)")}, {"C", text("anger")}},
      {{"decide", cexpr::test::map({{"bias", cexpr::test::map({{"B", cexpr::test::number(0.1)}})},
                                    {"abstain_below", cexpr::test::number(0.3)}})}}));
  const cexpr::BoundRules bound = rules.bind({"fear", "anger"});
  const cexpr::rules::RowIndex index;
  constexpr auto kWindows = cexpr::rules::Windows::centred;
  std::mt19937 generator(5);
  for (const std::size_t rows : {0U, 1U, 15U, 16U, 17U, 700U}) {
    std::vector<float> signals(rows * 2);
    for (float& value : signals) {
      const auto draw = static_cast<float>(generator() % 9);
      value = draw == 8.0F ? std::numeric_limits<float>::quiet_NaN() : draw / 8.0F;
    }
    const cexpr::Span2D<const float> in{signals.data(), rows, 2, 2};
    std::vector<float> scores(rows * 3);
    std::vector<std::int32_t> labels(rows);
    bound.classify(in, index, kWindows, {scores.data(), rows, 3, 3}, {labels.data(), rows});
    std::vector<float> expected(rows * 3);
    std::vector<std::int32_t> expected_labels(rows);
    bound.evaluate(in, index, kWindows, {expected.data(), rows, 3, 3});
    rules.decide({expected.data(), rows, 3, 3}, {expected_labels.data(), rows});
    CHECK(labels == expected_labels);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      CHECK(same(scores[i], expected[i]));
    }
  }
}
