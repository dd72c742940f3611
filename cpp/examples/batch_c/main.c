/* The C API: labels every file that is named, with one rule set and one analyzer.
 *
 *   batch_c a.faces.csv b.faces.csv
 *
 * Each file is the faces.csv of a run of cexpr; of a frame the first eight faces count. Writes
 * frame,compound,confidence for each. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cexpr/cexpr.h"

enum { kSignals = 8, kFaces = 8, kBefore = 8 };

static const char kColumns[] =
    "frame,time,face,x,y,w,h,detection,"
    "anger,contempt,disgust,fear,happiness,neutral,sadness,surprise";
static const char* const kNames[kSignals] = {"anger",     "contempt", "disgust", "fear",
                                             "happiness", "neutral",  "sadness", "surprise"};
static const char* const kCompounds[][2] = {{"Fearfully_Surprised", "mean(fear, surprise)"},
                                            {"Happily_Surprised", "mean(happiness, surprise)"},
                                            {"Sadly_Surprised", "mean(sadness, surprise)"},
                                            {"Disgustedly_Surprised", "mean(disgust, surprise)"},
                                            {"Angrily_Surprised", "mean(anger, surprise)"},
                                            {"Sadly_Fearful", "mean(sadness, fear)"},
                                            {"Sadly_Angry", "mean(sadness, anger)"}};

static void must(cexpr_status status) {
  if (status != CEXPR_OK) {
    fprintf(stderr, "batch_c: %s\n", cexpr_last_error());
    exit(1);
  }
}

static cexpr_rules* make_rules(void) {
  cexpr_node* compounds = cexpr_node_map();
  for (size_t i = 0; i < sizeof(kCompounds) / sizeof(kCompounds[0]); ++i) {
    must(cexpr_node_put(compounds, kCompounds[i][0], cexpr_node_string(kCompounds[i][1])));
  }
  cexpr_node* box = cexpr_node_map();
  must(cexpr_node_put(box, "kernel", cexpr_node_string("box")));
  must(cexpr_node_put(box, "radius", cexpr_node_integer(50)));
  cexpr_node* smooth = cexpr_node_map();
  must(cexpr_node_put(smooth, "compounds", box));
  cexpr_node* file = cexpr_node_map();
  must(cexpr_node_put(file, "cexpr", cexpr_node_integer(1)));
  must(cexpr_node_put(file, "name", cexpr_node_string("batch")));
  must(cexpr_node_put(file, "smooth", smooth));
  must(cexpr_node_put(file, "compounds", compounds));
  cexpr_rules* rules = NULL;
  must(cexpr_rules_compile(file, "batch_c", &rules));
  cexpr_node_free(file);
  return rules;
}

static void print(const cexpr_rules* rules, const cexpr_decided_frame* frames, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const char* name =
        frames[i].label < 0 ? "" : cexpr_rules_compound(rules, (size_t)frames[i].label);
    printf("%lld,%s,%.6f\n", (long long)frames[i].frame, name, (double)frames[i].confidence);
  }
}

/* Cells of a line as numbers, NaN for an empty one; returns how many. */
static int split(const char* line, double* cells, int most) {
  int count = 0;
  while (count < most) {
    char* end = NULL;
    cells[count] = strtod(line, &end);
    if (end == line) {
      cells[count] = NAN;
    }
    ++count;
    line = strchr(line, ',');
    if (line == NULL) {
      break;
    }
    ++line;
  }
  return count;
}

static void label_file(const char* path, const cexpr_rules* rules, cexpr_analyzer* analyzer) {
  static float signals[kFaces][kSignals];
  cexpr_face faces[kFaces];
  const cexpr_decided_frame* decided = NULL;
  size_t count = 0;
  size_t face_count = 0;
  int64_t frame = 0;
  double time = 0.0;
  char line[4096];
  FILE* file = fopen(path, "r");
  if (file == NULL || fgets(line, sizeof(line), file) == NULL) {
    fprintf(stderr, "batch_c: %s: cannot be read\n", path);
    exit(1);
  }
  if (strncmp(line, kColumns, strlen(kColumns)) != 0) {
    fprintf(stderr, "batch_c: %s: expected a faces.csv, whose columns begin with %s\n", path,
            kColumns);
    exit(1);
  }
  printf("frame,compound,confidence\n");
  for (;;) {
    double cells[kBefore + kSignals];
    const int has_line = fgets(line, sizeof(line), file) != NULL;
    if (has_line && split(line, cells, kBefore + kSignals) < kBefore + kSignals) {
      fprintf(stderr, "batch_c: %s: a line has fewer than %d cells: %s", path, kBefore + kSignals,
              line);
      exit(1);
    }
    if (frame > 0 && (!has_line || (int64_t)cells[0] != frame)) {
      must(cexpr_analyzer_push(analyzer, frame, time, faces, face_count, &decided, &count));
      print(rules, decided, count);
      face_count = 0;
      /* Frames that no line has had no face. */
      while (has_line && ++frame < (int64_t)cells[0]) {
        must(cexpr_analyzer_push(analyzer, frame, time, NULL, 0, &decided, &count));
        print(rules, decided, count);
      }
    }
    if (!has_line) {
      break;
    }
    frame = (int64_t)cells[0];
    time = cells[1];
    if (face_count < kFaces) {
      for (int i = 0; i < kSignals; ++i) {
        signals[face_count][i] = (float)cells[kBefore + i];
      }
      faces[face_count].track = (int64_t)cells[2];
      faces[face_count].signals = signals[face_count];
      faces[face_count].detection = (float)cells[7];
      faces[face_count].area = (float)(cells[5] * cells[6]);
      ++face_count;
    }
  }
  fclose(file);
  must(cexpr_analyzer_flush(analyzer, &decided, &count));
  print(rules, decided, count);
}

int main(int argc, char** argv) {
  cexpr_rules* rules = make_rules();
  cexpr_analyzer* analyzer = NULL;
  must(cexpr_analyzer_new(rules, kNames, kSignals, NULL, &analyzer));
  for (int i = 1; i < argc; ++i) {
    label_file(argv[i], rules, analyzer);
  }
  cexpr_analyzer_free(analyzer);
  cexpr_rules_free(rules);
  return 0;
}
