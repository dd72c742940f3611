#ifndef CEXPR_CEXPR_H
#define CEXPR_CEXPR_H

#include <stddef.h>
#include <stdint.h>

#include "cexpr/version_numbers.h"

/*
 * The library for C, and for other languages through C. It is in the core, and the shared library
 * gives it out; cexpr/yaml.h has the calls that need the component yaml.
 *
 * Handles are opaque; each *_new, *_compile or *_load has its *_free, which takes NULL. Text is
 * UTF-8 and ends with a zero. A call that can fail gives a status; cexpr_last_error() then says
 * what, where, what was expected and what came. What a call writes through a pointer is written
 * only when the status is CEXPR_OK. No C++ exception passes.
 *
 * A handle serves one thread at a time, cexpr_rules any number of them.
 */
#if !defined(CEXPR_SHARED)
#define CEXPR_C_API
#elif defined(_WIN32) && defined(CEXPR_BUILDING)
#define CEXPR_C_API __declspec(dllexport)
#elif defined(_WIN32)
#define CEXPR_C_API __declspec(dllimport)
#else
#define CEXPR_C_API __attribute__((visibility("default")))
#endif

/* NOLINTBEGIN(modernize-use-using,performance-enum-size): this is C. */
#ifdef __cplusplus
extern "C" {
#endif

typedef enum cexpr_status {
  CEXPR_OK = 0,
  CEXPR_ERROR_ARGUMENT = 1,
  CEXPR_ERROR_STATE = 2,
  CEXPR_ERROR_RULES = 3,
  CEXPR_ERROR_MODEL = 4,
  CEXPR_ERROR_MEMORY = 5,
  CEXPR_ERROR_OTHER = 6
} cexpr_status;

/* "0.1.0" */
CEXPR_C_API const char* cexpr_version(void);

/* What went wrong in the last call of this thread that failed; "" before the first. Valid until the
 * next call of this thread that fails. */
CEXPR_C_API const char* cexpr_last_error(void);

/* ---- Rule sets built in code: the tree that a rule file's YAML would give ---- */

typedef struct cexpr_node cexpr_node;

/* NULL when there is no memory, or text is NULL. */
CEXPR_C_API cexpr_node* cexpr_node_map(void);
CEXPR_C_API cexpr_node* cexpr_node_list(void);
CEXPR_C_API cexpr_node* cexpr_node_string(const char* text);
CEXPR_C_API cexpr_node* cexpr_node_integer(int64_t value);
CEXPR_C_API cexpr_node* cexpr_node_real(double value);
CEXPR_C_API cexpr_node* cexpr_node_boolean(int value);
CEXPR_C_API void cexpr_node_free(cexpr_node* node);

/* Hang `child` under a key of a map, or at the end of a list. The parent owns the child from then
 * on, also when the call fails. A NULL child is an error, so that the makers above can be nested.
 */
CEXPR_C_API cexpr_status cexpr_node_put(cexpr_node* map, const char* key, cexpr_node* child);
CEXPR_C_API cexpr_status cexpr_node_add(cexpr_node* list, cexpr_node* child);

typedef struct cexpr_rules cexpr_rules;

/* Compiles a tree, which stays the caller's. `file` names it in messages and may be NULL. */
CEXPR_C_API cexpr_status cexpr_rules_compile(const cexpr_node* root, const char* file,
                                             cexpr_rules** rules);
/* One of the rule sets that come with cexpr, "default" for example; no file is read. */
CEXPR_C_API cexpr_status cexpr_rules_shipped(const char* name, cexpr_rules** rules);
/* Their names; NULL out of range. */
CEXPR_C_API size_t cexpr_rules_shipped_count(void);
CEXPR_C_API const char* cexpr_rules_shipped_name(size_t index);
CEXPR_C_API void cexpr_rules_free(cexpr_rules* rules);
CEXPR_C_API const char* cexpr_rules_name(const cexpr_rules* rules);

/* Compounds in the order of their ids, and signals that the rules read; NULL out of range. */
CEXPR_C_API size_t cexpr_rules_compound_count(const cexpr_rules* rules);
CEXPR_C_API const char* cexpr_rules_compound(const cexpr_rules* rules, size_t id);
CEXPR_C_API size_t cexpr_rules_signal_count(const cexpr_rules* rules);
CEXPR_C_API const char* cexpr_rules_signal(const cexpr_rules* rules, size_t index);

/* Scores and labels of rows, without smoothing. `signals`: rows x name_count, row after row, NaN
 * for unknown. `frames`, `times` (seconds) and `tracks`: one for each row, or NULL; functions over
 * time need them, and look at both sides of a row. `scores`: rows x compounds; `labels`: one for
 * each row, -1 for none, or NULL. */
CEXPR_C_API cexpr_status cexpr_rules_evaluate(const cexpr_rules* rules, const char* const* names,
                                              size_t name_count, const float* signals, size_t rows,
                                              const int64_t* frames, const double* times,
                                              const int64_t* tracks, float* scores,
                                              int32_t* labels);

/* ---- Labels for a stream; see cexpr/analyzer.hpp for what each field means ---- */

typedef struct cexpr_analyzer cexpr_analyzer;

typedef struct cexpr_analyzer_options {
  double frames_per_second;
  size_t max_faces;
  int64_t gap_frames;
} cexpr_analyzer_options;

typedef struct cexpr_face {
  int64_t track;
  const float* signals; /* one for each name of the analyzer */
  float detection;      /* NaN for unknown */
  float area;           /* NaN for unknown */
} cexpr_face;

typedef struct cexpr_decided_frame {
  int64_t frame;
  double time;
  int32_t label; /* compound id, -1 for none */
  float confidence;
  size_t face_count;
  int is_filled;
  int64_t track;        /* of the face that decided, -1 in a frame without a face */
  const float* scores;  /* one for each compound */
  const float* signals; /* one for each name of the analyzer */
} cexpr_decided_frame;

typedef struct cexpr_decided_face {
  int64_t track;
  int32_t label; /* compound id, -1 for none */
  float confidence;
  const float* scores;  /* one for each compound */
  const float* signals; /* one for each name of the analyzer */
} cexpr_decided_face;

/* 25 frames per second, 8 faces, gaps of 12 frames. */
CEXPR_C_API cexpr_analyzer_options cexpr_analyzer_defaults(void);

/* `options` may be NULL for the defaults. The rules may be freed before the analyzer. */
CEXPR_C_API cexpr_status cexpr_analyzer_new(const cexpr_rules* rules, const char* const* names,
                                            size_t name_count,
                                            const cexpr_analyzer_options* options,
                                            cexpr_analyzer** analyzer);
CEXPR_C_API void cexpr_analyzer_free(cexpr_analyzer* analyzer);

/* Frames from a push to the frame that it brings out. */
CEXPR_C_API int64_t cexpr_analyzer_delay(const cexpr_analyzer* analyzer);

/* Adds a frame; *decided points to *decided_count frames (none or one), valid until the next call.
 */
CEXPR_C_API cexpr_status cexpr_analyzer_push(cexpr_analyzer* analyzer, int64_t frame, double time,
                                             const cexpr_face* faces, size_t face_count,
                                             const cexpr_decided_frame** decided,
                                             size_t* decided_count);

/* Ends the stream: gives all frames that are left, and makes the analyzer ready for another. */
CEXPR_C_API cexpr_status cexpr_analyzer_flush(cexpr_analyzer* analyzer,
                                              const cexpr_decided_frame** decided,
                                              size_t* decided_count);

/* With `faces: each`: *faces points to the *face_count faces that were seen in one of the frames
 * which the last push or flush gave, each with its own label; `index` counts those frames from 0.
 * With other rules there are none. Valid until the next push, flush or reset. */
CEXPR_C_API cexpr_status cexpr_analyzer_faces(const cexpr_analyzer* analyzer, size_t index,
                                              const cexpr_decided_face** faces, size_t* face_count);

/* Forgets everything, for another stream. */
CEXPR_C_API cexpr_status cexpr_analyzer_reset(cexpr_analyzer* analyzer);

/* ---- From an image to the input of a network ---- */

typedef enum cexpr_pixel_format {
  CEXPR_GRAY8 = 0,
  CEXPR_BGR8 = 1,
  CEXPR_RGB8 = 2,
  CEXPR_BGRA8 = 3
} cexpr_pixel_format;

typedef enum cexpr_color_order { CEXPR_RGB = 0, CEXPR_BGR = 1, CEXPR_GRAY = 2 } cexpr_color_order;

typedef enum cexpr_sampling {
  CEXPR_AUTOMATIC = 0,
  CEXPR_BILINEAR = 1,
  CEXPR_AREA = 2
} cexpr_sampling;

typedef struct cexpr_image {
  const uint8_t* data;
  int width;
  int height;
  ptrdiff_t stride; /* bytes from one row to the next */
  int format;       /* cexpr_pixel_format */
} cexpr_image;

typedef struct cexpr_preprocess_options {
  int width;
  int height;
  int color;    /* cexpr_color_order */
  int sampling; /* cexpr_sampling */
  float mean[3];
  float std[3];
} cexpr_preprocess_options;

/* `landmarks`: faces x 10; `matrices`: faces x 6, written. */
CEXPR_C_API cexpr_status cexpr_align(const float* landmarks, size_t faces, int size, float margin,
                                     float shift_x, float shift_y, float* matrices);

/* `boxes_xywh`: faces x 4; `matrices`: faces x 6, written. */
CEXPR_C_API cexpr_status cexpr_box_transform(const float* boxes_xywh, size_t faces, int size,
                                             float margin, float* matrices);

/* `out`: `out_size` = faces x planes x height x width floats, written. */
CEXPR_C_API cexpr_status cexpr_preprocess(const cexpr_image* image, const float* matrices,
                                          size_t faces, const cexpr_preprocess_options* options,
                                          float* out, size_t out_size);

#ifdef __cplusplus
}
#endif
/* NOLINTEND(modernize-use-using,performance-enum-size) */

#endif
