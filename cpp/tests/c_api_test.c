/* The C API from C: what a host in C sees, and what it gets for its mistakes. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cexpr/cexpr.h"

static int failures = 0;

#define CHECK(condition)                                                           \
  do {                                                                             \
    if (!(condition)) {                                                            \
      ++failures;                                                                  \
      fprintf(stderr, "%s:%d: CHECK(%s) fails\n", __FILE__, __LINE__, #condition); \
    }                                                                              \
  } while (0)

static const char* const kNames[] = {"fear", "surprise", "happiness"};

static cexpr_node* make_file(const char* rule) {
  cexpr_node* compounds = cexpr_node_map();
  CHECK(cexpr_node_put(compounds, "Fearfully_Surprised", cexpr_node_string(rule)) == CEXPR_OK);
  CHECK(cexpr_node_put(compounds, "Happily_Surprised",
                       cexpr_node_string("mean(happiness, surprise)")) == CEXPR_OK);
  cexpr_node* decide = cexpr_node_map();
  CHECK(cexpr_node_put(decide, "abstain_below", cexpr_node_real(0.1)) == CEXPR_OK);
  CHECK(cexpr_node_put(decide, "min_frames", cexpr_node_integer(2)) == CEXPR_OK);
  cexpr_node* file = cexpr_node_map();
  CHECK(cexpr_node_put(file, "cexpr", cexpr_node_integer(1)) == CEXPR_OK);
  CHECK(cexpr_node_put(file, "name", cexpr_node_string("from C")) == CEXPR_OK);
  CHECK(cexpr_node_put(file, "gaps", cexpr_node_string("hold")) == CEXPR_OK);
  CHECK(cexpr_node_put(file, "decide", decide) == CEXPR_OK);
  CHECK(cexpr_node_put(file, "compounds", compounds) == CEXPR_OK);
  return file;
}

static cexpr_rules* make_rules(void) {
  cexpr_node* file = make_file("mean(fear, surprise)");
  cexpr_rules* rules = NULL;
  CHECK(cexpr_rules_compile(file, NULL, &rules) == CEXPR_OK);
  cexpr_node_free(file);
  return rules;
}

static void test_rules(void) {
  cexpr_rules* rules = make_rules();
  const float signals[] = {0.5F, 0.25F, 0.0F, 0.0F, 0.5F, 1.0F};
  float scores[4];
  int32_t labels[2];
  CHECK(strcmp(cexpr_rules_name(rules), "from C") == 0);
  CHECK(cexpr_rules_compound_count(rules) == 2);
  CHECK(strcmp(cexpr_rules_compound(rules, 1), "Happily_Surprised") == 0);
  CHECK(cexpr_rules_compound(rules, 2) == NULL);
  CHECK(cexpr_rules_signal_count(rules) == 3);
  CHECK(cexpr_rules_evaluate(rules, kNames, 3, signals, 2, NULL, NULL, NULL, scores, labels) ==
        CEXPR_OK);
  CHECK(scores[0] == 0.375F && scores[1] == 0.125F && scores[2] == 0.25F && scores[3] == 0.75F);
  CHECK(labels[0] == 0 && labels[1] == 1);
  CHECK(cexpr_rules_evaluate(rules, kNames, 3, signals, 2, NULL, NULL, NULL, scores, NULL) ==
        CEXPR_OK);
  CHECK(cexpr_rules_evaluate(rules, kNames, 3, NULL, 0, NULL, NULL, NULL, NULL, NULL) == CEXPR_OK);
  CHECK(cexpr_rules_evaluate(rules, kNames, 2, signals, 2, NULL, NULL, NULL, scores, labels) ==
        CEXPR_ERROR_RULES);
  CHECK(strstr(cexpr_last_error(), "happiness") != NULL);
  CHECK(cexpr_rules_evaluate(rules, kNames, 3, NULL, 2, NULL, NULL, NULL, scores, labels) ==
        CEXPR_ERROR_ARGUMENT);
  CHECK(strstr(cexpr_last_error(), "signals") != NULL);
  cexpr_rules_free(rules);
}

static void test_mistakes_in_rules(void) {
  cexpr_node* file = make_file("mean(fear, surprize)");
  cexpr_rules* rules = NULL;
  CHECK(cexpr_rules_compile(file, "mine", &rules) == CEXPR_ERROR_RULES);
  CHECK(rules == NULL);
  CHECK(strstr(cexpr_last_error(), "mine") != NULL);
  CHECK(strstr(cexpr_last_error(), "did you mean 'surprise'?") != NULL);
  cexpr_node_free(file);
  CHECK(cexpr_rules_compile(NULL, NULL, &rules) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_node_string(NULL) == NULL);
  cexpr_node* list = cexpr_node_list();
  CHECK(cexpr_node_add(list, cexpr_node_boolean(1)) == CEXPR_OK);
  CHECK(cexpr_node_add(list, NULL) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_node_put(list, "key", cexpr_node_integer(1)) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_node_put(NULL, "key", cexpr_node_integer(1)) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_rules_compile(list, NULL, &rules) == CEXPR_ERROR_RULES);
  cexpr_node_free(list);
  cexpr_node_free(NULL);
  cexpr_rules_free(NULL);
}

static void test_shipped_rules(void) {
  cexpr_rules* rules = NULL;
  CHECK(cexpr_rules_shipped("default", &rules) == CEXPR_OK);
  CHECK(strcmp(cexpr_rules_name(rules), "default") == 0);
  CHECK(cexpr_rules_compound_count(rules) == 7);
  cexpr_rules_free(rules);
  rules = NULL;
  CHECK(cexpr_rules_shipped("defalt", &rules) == CEXPR_ERROR_ARGUMENT);
  CHECK(rules == NULL && strstr(cexpr_last_error(), "default") != NULL);
  CHECK(cexpr_rules_shipped(NULL, &rules) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_rules_shipped_count() > 5);
  CHECK(strcmp(cexpr_rules_shipped_name(0), "avcer") == 0);
  CHECK(cexpr_rules_shipped_name(cexpr_rules_shipped_count()) == NULL);
}

static void test_analyzer(void) {
  cexpr_rules* rules = make_rules();
  cexpr_analyzer_options options = cexpr_analyzer_defaults();
  cexpr_analyzer* analyzer = NULL;
  const cexpr_decided_frame* decided = NULL;
  size_t count = 0;
  size_t total = 0;
  CHECK(options.frames_per_second == 25.0 && options.max_faces == 8);
  options.max_faces = 0;
  CHECK(cexpr_analyzer_new(rules, kNames, 3, &options, &analyzer) == CEXPR_ERROR_ARGUMENT);
  options.max_faces = 1;
  CHECK(cexpr_analyzer_new(rules, kNames, 3, &options, &analyzer) == CEXPR_OK);
  cexpr_rules_free(rules);
  CHECK(cexpr_analyzer_delay(analyzer) == 1);
  for (int64_t frame = 1; frame <= 20; ++frame) {
    const float early[] = {0.9F, 0.5F, 0.0F};
    const float late[] = {0.0F, 0.5F, 0.9F};
    const cexpr_face face = {7, frame <= 10 ? early : late, 1.0F, NAN};
    const size_t faces = frame == 5 ? 0 : 1;
    CHECK(cexpr_analyzer_push(analyzer, frame, 0.04 * (double)frame, &face, faces, &decided,
                              &count) == CEXPR_OK);
    CHECK(count == (frame > 1 ? 1 : 0));
    for (size_t i = 0; i < count; ++i) {
      CHECK(decided[i].frame == frame - 1);
      CHECK(decided[i].label == (decided[i].frame <= 10 ? 0 : 1));
      CHECK(decided[i].is_filled == (decided[i].frame == 5));
      CHECK(fabsf(decided[i].confidence - 0.7F) < 1e-6F);
    }
    total += count;
  }
  CHECK(cexpr_analyzer_push(analyzer, 9, 1.0, NULL, 0, &decided, &count) == CEXPR_ERROR_ARGUMENT);
  CHECK(strstr(cexpr_last_error(), "frame") != NULL);
  CHECK(cexpr_analyzer_push(analyzer, 21, 1.0, NULL, 1, &decided, &count) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_analyzer_flush(analyzer, &decided, &count) == CEXPR_OK);
  CHECK(total + count == 20);
  CHECK(cexpr_analyzer_reset(analyzer) == CEXPR_OK);
  CHECK(cexpr_analyzer_reset(NULL) == CEXPR_ERROR_ARGUMENT);
  cexpr_analyzer_free(analyzer);
  cexpr_analyzer_free(NULL);
}

static void test_faces(void) {
  cexpr_node* file = make_file("mean(fear, surprise)");
  cexpr_rules* rules = NULL;
  cexpr_analyzer* analyzer = NULL;
  const cexpr_decided_frame* decided = NULL;
  const cexpr_decided_face* seen = NULL;
  size_t count = 0;
  size_t seen_count = 9;
  const float fearful[] = {0.9F, 0.5F, 0.0F};
  const float happy[] = {0.0F, 0.5F, 0.7F};
  const cexpr_face faces[] = {{7, happy, 1.0F, NAN}, {8, fearful, 0.5F, NAN}};
  CHECK(cexpr_node_put(file, "faces", cexpr_node_string("each")) == CEXPR_OK);
  CHECK(cexpr_rules_compile(file, NULL, &rules) == CEXPR_OK);
  cexpr_node_free(file);
  CHECK(cexpr_analyzer_new(rules, kNames, 3, NULL, &analyzer) == CEXPR_OK);
  cexpr_rules_free(rules);
  CHECK(cexpr_analyzer_faces(analyzer, 0, &seen, &seen_count) == CEXPR_ERROR_ARGUMENT);
  CHECK(seen == NULL && seen_count == 9);
  CHECK(strstr(cexpr_last_error(), "index") != NULL);
  for (int64_t frame = 0; frame < 3; ++frame) {
    const size_t given = frame == 1 ? 0 : 2;
    CHECK(cexpr_analyzer_push(analyzer, frame, 0.0, faces, given, &decided, &count) == CEXPR_OK);
  }
  CHECK(count == 1 && decided[0].frame == 1);
  CHECK(decided[0].label == 0 && decided[0].is_filled && decided[0].track == -1);
  CHECK(cexpr_analyzer_faces(analyzer, 0, &seen, &seen_count) == CEXPR_OK && seen_count == 0);
  CHECK(cexpr_analyzer_flush(analyzer, &decided, &count) == CEXPR_OK && count == 1);
  CHECK(decided[0].label == 0 && decided[0].track == 8 && decided[0].face_count == 2);
  CHECK(cexpr_analyzer_faces(analyzer, 0, &seen, &seen_count) == CEXPR_OK && seen_count == 2);
  CHECK(seen[0].track == 7 && seen[0].label == 1 && fabsf(seen[0].confidence - 0.6F) < 1e-6F);
  CHECK(seen[1].track == 8 && seen[1].label == 0 && fabsf(seen[1].confidence - 0.7F) < 1e-6F);
  CHECK(fabsf(seen[1].scores[1] - 0.25F) < 1e-6F && seen[1].signals[0] == 0.9F);
  CHECK(cexpr_analyzer_faces(analyzer, 1, &seen, &seen_count) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_analyzer_faces(analyzer, 0, NULL, &seen_count) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_analyzer_faces(NULL, 0, &seen, &seen_count) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_analyzer_reset(analyzer) == CEXPR_OK);
  CHECK(cexpr_analyzer_faces(analyzer, 0, &seen, &seen_count) == CEXPR_ERROR_ARGUMENT);
  cexpr_analyzer_free(analyzer);
}

static void test_preprocessing(void) {
  uint8_t pixels[32 * 24];
  float matrix[6];
  float out[8 * 8];
  const float box[] = {4.0F, 4.0F, 8.0F, 8.0F};
  const float points[10] = {0};
  memset(pixels, 51, sizeof(pixels));
  cexpr_image image = {pixels, 32, 24, 32, CEXPR_GRAY8};
  cexpr_preprocess_options options = {8, 8, CEXPR_GRAY, CEXPR_BILINEAR, {0, 0, 0}, {1, 1, 1}};
  CHECK(cexpr_box_transform(box, 1, 8, 0.0F, matrix) == CEXPR_OK);
  CHECK(matrix[0] == 1.0F && matrix[2] == -4.0F);
  CHECK(cexpr_preprocess(&image, matrix, 1, &options, out, 64) == CEXPR_OK);
  CHECK(fabsf(out[0] - 0.2F) < 1e-6F && fabsf(out[63] - 0.2F) < 1e-6F);
  CHECK(cexpr_preprocess(&image, matrix, 1, &options, out, 63) == CEXPR_ERROR_ARGUMENT);
  CHECK(cexpr_preprocess(NULL, matrix, 1, &options, out, 64) == CEXPR_ERROR_ARGUMENT);
  image.format = 9;
  CHECK(cexpr_preprocess(&image, matrix, 1, &options, out, 64) == CEXPR_ERROR_ARGUMENT);
  CHECK(strstr(cexpr_last_error(), "format") != NULL);
  CHECK(cexpr_align(points, 1, 8, 0.0F, 0.0F, 0.0F, matrix) == CEXPR_ERROR_ARGUMENT);
}

int main(void) {
  CHECK(strcmp(cexpr_version(), CEXPR_VERSION_STRING) == 0);
  CHECK(strcmp(cexpr_last_error(), "") == 0);
  test_rules();
  test_mistakes_in_rules();
  test_shipped_rules();
  test_analyzer();
  test_faces();
  test_preprocessing();
  printf("%s\n", failures == 0 ? "ok" : "FAIL");
  return failures == 0 ? 0 : 1;
}
